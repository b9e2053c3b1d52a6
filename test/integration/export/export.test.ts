import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { z } from "zod";
import { EXPORT_TABLE_NAMES } from "../../../coordinator/export/parquet.js";
import { parseAddress } from "../../../shared/address/address.js";
import type { FactRow } from "../../../shared/batch/rows.js";
import { insertFacts } from "../report/insert-rows.js";
import { makeSmallCampaign, SMALL } from "../report/small-campaign.js";
import { type ExportSystem, startExportSystem } from "./export-system.js";

const NOTHING = new Uint8Array(0);
const LATER_US = Date.parse("2026-03-02T03:00:05.000250Z") * 1_000 + 250;
const HOST = parseAddress("198.18.0.2");

/** Of fra: a second answer to a probe that was answered before, a router's error for another host, and a handshake. */
const MORE: readonly FactRow[] = [
  {
    ...{
      table: "syn_replies",
      source: "synscan/v4/80",
      index: 1,
      target: HOST,
      responder: HOST,
      port: 80,
      variant: "v1",
    },
    ...{
      verdict: "plain",
      receivedAtUs: LATER_US,
      rttUs: null,
      ttl: 61,
      tcpFlags: 0x12,
      window: 512,
      receiverKey: null,
    },
    ...{ options: Uint8Array.from([2, 4, 5, 180, 3, 3, 7]), icmpType: 0, icmpCode: 0, quote: NOTHING },
  },
  {
    ...{ table: "syn_replies", source: "synscan/v4/80", index: 9, target: parseAddress("198.18.0.9"), port: 80 },
    ...{ responder: parseAddress("192.0.2.7"), variant: "plain", verdict: "unreachable", receivedAtUs: LATER_US },
    ...{ rttUs: null, ttl: 250, tcpFlags: 0, window: 0, receiverKey: null, options: NOTHING },
    ...{ icmpType: 3, icmpCode: 13, quote: Uint8Array.from([0x45, 0, 0xff, 10]) },
  },
  {
    ...{
      table: "handshakes",
      source: "verify/v4/80",
      index: 0,
      target: parseAddress("198.18.0.1"),
      port: 80,
      variant: "v1",
    },
    ...{ verdict: "dss-proved", after: "", synVerdict: "claims-v1", joinProbe: "mp-tcprst", joinProbeReason: 3 },
    ...{ join: "join-accepted", joinReason: null, joinRemoval: "removed", noJoin: false, checksumRequired: false },
    ...{ receiverKey: 0x0102030405060708n, addresses: [], resetReason: null, receivedAtUs: LATER_US, rttUs: 21_000 },
    ...{
      responder: parseAddress("198.18.0.1"),
      ttl: 60,
      options: Uint8Array.from([0xff, 0x80]),
      segments: ["x"],
      facts: [],
    },
  },
];

let system: ExportSystem;
beforeAll(async () => {
  system = await startExportSystem();
  const { store } = system.warehouse;
  await makeSmallCampaign(store);
  await insertFacts(store, { campaign: SMALL.id, vantage: "fra", agent: "fra-81" }, MORE);
}, 120_000);
afterAll(() => system.stop());

const plain = (rows: readonly object[]): string[] =>
  rows.map((row) => JSON.stringify(row).replaceAll("::ffff:", "")).sort();

describe("an export to Parquet", () => {
  it("has every row of every table, as an engine reads them back", async () => {
    const out = join(system.folder, "all");
    const { code, stderr, stdout } = await system.parallax(["export", SMALL.id, "--format", "parquet", "--out", out]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.split("\n")).toHaveLength(EXPORT_TABLE_NAMES.length + 1);
    expect(readdirSync(out).sort()).toEqual(EXPORT_TABLE_NAMES.map((name) => `${name}.parquet`).sort());
    for (const name of EXPORT_TABLE_NAMES) {
      const bytes = ["syn_replies", "trace_hops", "handshakes"].includes(name) ? ["options"] : [];
      if (name !== "handshakes" && bytes.length > 0) bytes.push("quote");
      const hex = bytes.map((column) => `lower(hex(${column})) AS ${column}`).join(", ");
      const final = name === "middleboxes" ? "" : "FINAL";
      const sql = `SELECT *${hex === "" ? "" : ` REPLACE (${hex})`} FROM ${name} ${final} WHERE campaign = '${SMALL.id}'`;
      const stored = await system.rows(sql);
      const read = await system.read(join(out, `${name}.parquet`), "Parquet");
      expect([name, plain(read)]).toEqual([name, plain(stored)]);
      expect([name, stored.length > 0]).toEqual([name, name !== "target_skips"]);
    }
  });

  it("keeps types: numbers, times and lists; bytes are hexadecimal digits, addresses text", async () => {
    const out = join(system.folder, "hops.parquet");
    const args = ["export", SMALL.id, "--format", "parquet", "--table", "trace_hops", "--out", out, "--json"];
    const { stdout } = await system.parallax(args);
    expect(JSON.parse(stdout)).toEqual({ files: [{ file: out, bytes: readFileSync(out).length }] });
    const types = await system.rows(`DESCRIBE file('${out}', 'Parquet')`);
    const typeOf = Object.fromEntries(types.map(({ name, type }) => [name, type]));
    expect(typeOf).toMatchObject({
      ...{ target: "String", port: "UInt16", rtt_us: "Nullable(UInt32)" },
      ...{ changes: "Array(String)", received_at: "DateTime64(6, 'UTC')" },
    });
    const [first] = await system.read(out, "Parquet");
    expect(first).toMatchObject({
      target: "198.18.0.1",
      vantage: "fra",
      variant: "plain",
      ttl: 1,
      responder: "192.0.2.1",
    });
  });
});

describe("an export to ZMap's CSV", () => {
  const export_ = async (...more: string[]) => {
    const out = join(system.folder, "replies.csv");
    const { code, stderr } = await system.parallax(["export", SMALL.id, "--format", "zmap-csv", "--out", out, ...more]);
    expect([code, stderr]).toEqual([0, ""]);
    return { out, header: readFileSync(out, "utf8").split("\n")[0] ?? "" };
  };

  it("has a row for every fact, under ZMap's names, with what a scan would have written", async () => {
    const { out, header } = await export_();
    expect(header).toMatch(/^saddr,daddr,ipid,ttl,classification,success,repeat,cooldown,timestamp_ts,timestamp_us,/);
    const facts = await system.rows(`
      SELECT replaceRegexpOne(toString(target), '^::ffff:', '') AS saddr, port AS target_port, vantage, variant, verdict, ttl,
        if(verdict = 'unreachable', NULL, window) AS window, toUnixTimestamp(received_at) AS timestamp_ts, rtt_us, agent
      FROM syn_replies FINAL WHERE campaign = '${SMALL.id}'`);
    const columns = Object.keys(facts[0] ?? {}).join(", ");
    const read = await system.rows(`SELECT ${columns} FROM file('${out}', 'CSVWithNames')`);
    expect(facts).toHaveLength(24);
    expect(plain(read)).toEqual(plain(facts));
  });

  it("says what kind of answer it is, which one came again, and leaves empty what rows do not keep", async () => {
    const { out } = await export_(
      "-f",
      "saddr,classification,success,repeat,cooldown,daddr,seqnum,tcpopt_wscale,icmp_responder",
    );
    const read = await system.rows(`
      SELECT * FROM file('${out}', 'CSVWithNames') WHERE vantage = 'fra' AND saddr IN ('198.18.0.2', '198.18.0.9')
      ORDER BY saddr, repeat, tcpopt_wscale`);
    const always = { vantage: "fra", cooldown: null, daddr: null, seqnum: null };
    const tcp = { ...always, saddr: "198.18.0.2", classification: "synack", success: 1, icmp_responder: null };
    expect(read).toEqual([
      { ...tcp, repeat: 0, tcpopt_wscale: null, agent: "fra-80" },
      { ...tcp, repeat: 0, tcpopt_wscale: null, agent: "fra-80" },
      { ...tcp, repeat: 1, tcpopt_wscale: 128, agent: "fra-81" },
      {
        ...{ ...always, saddr: "198.18.0.9", classification: "icmp", success: 0, icmp_responder: "192.0.2.7" },
        ...{ repeat: 0, tcpopt_wscale: null, agent: "fra-81" },
      },
    ]);
  });

  it("takes ZMap's filters, a vantage point and a port", async () => {
    const { out } = await export_("--output-filter", "success = 1 && repeat = 0", "--vantage", "fra", "--port", "80");
    expect(await system.rows(`SELECT count() AS n FROM file('${out}', 'CSVWithNames')`)).toEqual([{ n: 12 }]);
    const { out: none } = await export_("--port", "443");
    expect(readFileSync(none, "utf8").split("\n")).toHaveLength(2);
  });
});

const metadata = z.object({
  ...{ _file_type: z.literal("obs"), _conditions: z.array(z.string()), campaign: z.string(), tool: z.string() },
  ...{ _time_start: z.iso.datetime(), _time_end: z.iso.datetime() },
});
const observation = z.tuple([
  z.string(),
  z.iso.datetime(),
  z.iso.datetime(),
  z.string().regex(/^vantage\|\w+( (\*|\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\]))+$/),
  z.string().regex(/^[a-z-]+(\.[a-z-]+)+$/),
  z.string(),
]);

describe("an export for the Path Transparency Observatory", () => {
  it("is metadata and observations, each by the format's rules, with what was seen", async () => {
    const { code, stdout } = await system.parallax(["export", SMALL.id, "--format", "pto-ndjson"]);
    expect(code).toBe(0);
    const [first = "", ...rest] = stdout.trimEnd().split("\n");
    const { _conditions, ...about } = metadata.parse(JSON.parse(first));
    expect(about).toMatchObject({ campaign: "small", _time_start: "2026-03-02T02:59:00.000000Z" });
    const observations = rest.map((line) => observation.parse(JSON.parse(line)));
    const tally: Record<string, number> = {};
    for (const [, , , , condition] of observations) tally[condition] = (tally[condition] ?? 0) + 1;
    // By hand from the campaign: six targets from two vantage points, one SYN with MPTCP lost, one control lost;
    // one path with a box, one with a mirror at its end.
    expect(tally).toEqual({
      ...{ "mptcp.connectivity.works": 10, "mptcp.connectivity.broken": 1, "mptcp.connectivity.transient": 1 },
      ...{ "mptcp.negotiation.succeeded": 3, "mptcp.negotiation.reflected": 2, "mptcp.negotiation.failed": 6 },
      ...{ "mptcp.handshake.proved": 1, "tcp.option.mptcp.removed": 1, "tcp.option.mptcp.echoed": 1 },
    });
    expect(_conditions).toEqual(expect.arrayContaining(Object.keys(tally)));
    const at = "2026-03-02T03:00:00.000000Z";
    expect(observations).toContainEqual([
      ...["small", at, at, "vantage|sin * 198.51.100.1 198.51.100.2 * 198.18.0.1", "tcp.option.mptcp.removed"],
      "port=80 variant=v1 ttl=2 confidence=0.5",
    ]);
    expect(observations).toContainEqual([
      ...[
        "small",
        at,
        at,
        "vantage|sin * 198.18.0.4",
        "mptcp.connectivity.broken",
        "port=80 version=1 verdict=no-reply",
      ],
    ]);
    expect(observations).toContainEqual([
      ...["small", at, at, "vantage|sin * [2001:db8::1]", "mptcp.negotiation.succeeded"],
      "port=80 version=1 verdict=claims-v1",
    ]);
    const later = "2026-03-02T03:00:05.000250Z";
    expect(observations).toContainEqual([
      ...[
        "small",
        later,
        later,
        "vantage|fra * 198.18.0.1",
        "mptcp.handshake.proved",
        "port=80 version=1 verdict=dss-proved",
      ],
    ]);
  });
});

describe("an export that cannot be", () => {
  it.each([
    [["--format", "zmap-csv", "--table", "hosts"], "Invalid values"],
    [["--format", "zmap-csv", "--table", "coverage"], "--table does nothing with --format zmap-csv"],
    [["--format", "parquet"], "name a folder with --out"],
    [["--format", "zmap-csv", "-f", "nothing"], 'there is no field "nothing"'],
    [["--format", "xml"], "Invalid values"],
  ])("%j ends with 2 and one line that says so", async (args, says) => {
    const { code, stderr, stdout } = await system.parallax(["export", SMALL.id, ...args]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(says);
  });

  it("ends with 1 where the file cannot be made, and leaves nothing", async () => {
    const out = join(system.folder, "nowhere", "x.csv");
    const { code, stderr } = await system.parallax(["export", SMALL.id, "--format", "zmap-csv", "--out", out]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/x\.csv cannot be written: ENOENT.*; name a file that you may write\n$/);
  });
});
