import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { migrate, readMigrations } from "../../../coordinator/store/migrate.js";
import { parseAddress } from "../../../shared/address/address.js";
import { ByteBuffer } from "../../../shared/batch/byte-buffer.js";
import { COLUMNS } from "../../../shared/batch/columns.js";
import { prependConstants, stringBytes } from "../../../shared/batch/constants.js";
import { createBatchEncoder } from "../../../shared/batch/native.js";
import type { HandshakeRow, SynReplyRow, TraceHopRow } from "../../../shared/batch/rows.js";
import { RULE_VERSION } from "../../../shared/verdict/rules.js";
import { startTestWarehouse, type TestWarehouse } from "../support/warehouse.js";

const SQL_FOLDER = "coordinator/store/sql";

const reply: SynReplyRow = {
  table: "syn_replies",
  source: "synscan/v4/80",
  index: 2 ** 40,
  target: parseAddress("198.18.0.7"),
  port: 80,
  variant: "v1",
  verdict: "claims-v1",
  receivedAtUs: 1_700_000_000_123_456,
  rttUs: null,
  responder: parseAddress("198.18.0.7"),
  ttl: 60,
  tcpFlags: 0x12,
  window: 65_160,
  receiverKey: 0xfedcba9876543210n,
  options: Uint8Array.of(0x02, 0x04, 0x05, 0xb4, 0x00, 0x0a),
  icmpType: 0,
  icmpCode: 0,
  quote: new Uint8Array(),
};
const hop: TraceHopRow = {
  table: "trace_hops",
  source: "tracebox/v6/443/fra",
  index: 3,
  target: parseAddress("2001:db8:7::10"),
  port: 443,
  variant: "v0",
  ttl: 5,
  kind: "time-exceeded",
  responder: parseAddress("2001:2::5"),
  receivedAtUs: 1_700_000_000_000_001,
  rttUs: 1_234,
  replyTtl: 61,
  verdict: "",
  mptcp: "stripped-removed",
  changes: ["tcp.option.mptcp.removed"],
  unobservable: ["tcp.option.ts", "tcp.window"],
  quote: Uint8Array.of(0x60, 0, 0, 0),
  options: new Uint8Array(),
  icmpType: 3,
  icmpCode: 0,
  firstDifferenceBit: 31,
  icmpExtensions: ["mpls label=24001 exp=0 s=1 ttl=1"],
  sentFrom: parseAddress("2001:2::1"),
};
const handshake: HandshakeRow = {
  table: "handshakes",
  source: "verify/v4/80/fra",
  index: 3,
  target: parseAddress("198.18.0.7"),
  port: 80,
  variant: "v1",
  verdict: "dss-proved",
  after: "payload-altered",
  synVerdict: "claims-v1",
  joinProbe: "mp-tcprst",
  joinProbeReason: 1,
  join: "join-rejected",
  joinReason: 1,
  joinRemoval: "",
  noJoin: true,
  checksumRequired: false,
  receiverKey: 5n,
  addresses: ["192.0.2.2 id 1"],
  resetReason: null,
  receivedAtUs: 1_700_000_000_000_001,
  rttUs: 900,
  responder: parseAddress("198.18.0.7"),
  ttl: 60,
  options: Uint8Array.of(0x1e, 0x0c),
  segments: ["first S|A 0 1e0c"],
  facts: ["data-acked", "altered"],
};
const constants = {
  campaign: "weekly-1",
  vantage: "fra",
  agent: "fra-80",
  batch: "01234567-89ab-8def-8123-456789abcdef",
};

let warehouse: TestWarehouse;
beforeAll(async () => {
  warehouse = await startTestWarehouse();
  await migrate(warehouse.store, readMigrations(SQL_FOLDER));
}, 60_000);
afterAll(() => warehouse.stop());

async function rows(sql: string): Promise<Readonly<Record<string, unknown>>[]> {
  const found = [];
  for await (const row of warehouse.store.rows(sql)) found.push(row);
  return found;
}

describe("the store", () => {
  it("takes an agent's block with ingest's constants in front, column for column", async () => {
    const encoder = createBatchEncoder("syn_replies");
    encoder.append(reply);
    await warehouse.store.insertBlock("syn_replies", prependConstants(encoder.finish(), constants), constants.batch);
    const found = await rows(
      "SELECT * EXCEPT (received_at, options), toUnixTimestamp64Micro(received_at) AS at, hex(options) AS options FROM syn_replies",
    );
    expect(found).toEqual([
      {
        ...constants,
        row: 0,
        source: "synscan/v4/80",
        index: 2 ** 40,
        target: "::ffff:198.18.0.7",
        port: 80,
        variant: "v1",
        verdict: "claims-v1",
        at: 1_700_000_000_123_456,
        rtt_us: null,
        responder: "::ffff:198.18.0.7",
        ttl: 60,
        tcp_flags: 18,
        window: 65_160,
        receiver_key: Number(0xfedcba9876543210n),
        options: "020405B4000A",
        icmp_type: 0,
        icmp_code: 0,
        quote: "",
        rule_version: RULE_VERSION,
      },
    ]);
  });

  it("keeps arrays and quotes of a trace as they were", async () => {
    const encoder = createBatchEncoder("trace_hops");
    encoder.append(hop);
    await warehouse.store.insertBlock("trace_hops", prependConstants(encoder.finish(), constants), constants.batch);
    const found = await rows(
      `SELECT target, ttl, rtt_us, changes, unobservable, hex(quote) AS quote, first_difference_bit, icmp_extensions
       FROM trace_hops`,
    );
    expect(found).toEqual([
      {
        target: "2001:db8:7::10",
        ttl: 5,
        rtt_us: 1_234,
        changes: ["tcp.option.mptcp.removed"],
        unobservable: ["tcp.option.ts", "tcp.window"],
        quote: "60000000",
        first_difference_bit: 31,
        icmp_extensions: ["mpls label=24001 exp=0 s=1 ttl=1"],
      },
    ]);
  });

  it("keeps a handshake as it was", async () => {
    const encoder = createBatchEncoder("handshakes");
    encoder.append(handshake);
    await warehouse.store.insertBlock("handshakes", prependConstants(encoder.finish(), constants), constants.batch);
    const columns =
      "vantage, target, variant, verdict, after, join_probe_reason, join, no_join, receiver_key, addresses";
    expect(await rows(`SELECT ${columns}, hex(options) AS options FROM handshakes`)).toEqual([
      {
        vantage: "fra",
        target: "::ffff:198.18.0.7",
        variant: "v1",
        verdict: "dss-proved",
        after: "payload-altered",
        join_probe_reason: 1,
        join: "join-rejected",
        no_join: 1,
        receiver_key: 5,
        addresses: ["192.0.2.2 id 1"],
        options: "1E0C",
      },
    ]);
  });

  it("takes a block of an older layout, and knows nothing of what that has no column for", async () => {
    // As agents wrote it before: without its two last columns but one.
    const older = COLUMNS.trace_hops().filter(
      ({ name }) => !["first_difference_bit", "icmp_extensions"].includes(name),
    );
    for (const column of older) column.append(hop, 0);
    const start = new ByteBuffer();
    start.varint(older.length);
    start.varint(1);
    const parts = older.flatMap(({ name, type, parts }) => [
      Buffer.concat([stringBytes(name), stringBytes(type)]),
      ...parts.map((part) => part.view()),
    ]);
    const block = prependConstants(Buffer.concat([start.view(), ...parts]), { ...constants, campaign: "older" });
    await warehouse.store.insertBlock("trace_hops", block, "older");
    expect(
      await rows("SELECT ttl, first_difference_bit, icmp_extensions FROM trace_hops WHERE campaign = 'older'"),
    ).toEqual([{ ttl: 5, first_difference_bit: null, icmp_extensions: [] }]);
  });

  it("counts a block that is inserted twice with one token once", async () => {
    const encoder = createBatchEncoder("syn_replies");
    encoder.append(reply);
    const block = prependConstants(encoder.finish(), { ...constants, campaign: "twice" });
    await warehouse.store.insertBlock("syn_replies", block, "token");
    await warehouse.store.insertBlock("syn_replies", block, "token");
    expect(await rows("SELECT count() AS n FROM syn_replies WHERE campaign = 'twice'")).toEqual([{ n: 1 }]);
  });

  it("rejects a block that its table does not know", async () => {
    const encoder = createBatchEncoder("trace_hops");
    encoder.append(hop);
    const block = prependConstants(encoder.finish(), constants);
    await expect(warehouse.store.insertBlock("syn_replies", block, "other")).rejects.toThrow(/ttl|column/i);
  });
});

describe("migrate", () => {
  it("does nothing a second time", async () => {
    await migrate(warehouse.store, readMigrations(SQL_FOLDER));
    expect(await rows("SELECT count() AS n FROM schema_migrations FINAL")).toEqual([
      { n: readMigrations(SQL_FOLDER).length },
    ]);
  });

  it("refuses a migration that was changed after it was applied", async () => {
    const [first, ...rest] = readMigrations(SQL_FOLDER);
    const changed = [{ name: first?.name ?? "", sql: `${first?.sql}\n-- later` }, ...rest];
    await expect(migrate(warehouse.store, changed)).rejects.toThrow("migration 001_facts.sql has changed");
  });
});
