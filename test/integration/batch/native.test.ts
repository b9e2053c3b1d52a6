import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { formatAddress } from "../../../shared/address/address.js";
import { prependConstants } from "../../../shared/batch/constants.js";
import { createBatchEncoder } from "../../../shared/batch/native.js";
import type { EvidenceRow } from "../../../shared/batch/rows.js";
import { FACT_TABLES, type FactTable } from "../../../shared/batch/tables.js";
import { RULE_VERSION } from "../../../shared/verdict/rules.js";
import { handshakeRows, synReplyRows, traceHopRows, webTimingRows } from "../../shared/batch/rows.js";

const constants = {
  campaign: "wöchentlich-1",
  vantage: "fra",
  agent: "fra-1",
  batch: "00112233-4455-8677-8899-aabbccddeeff",
};

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parallax-native-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Asks the engine in a process of its own: its library does not live in worker threads. */
function ask(sql: string): Record<string, unknown>[] {
  const program = "process.stdout.write(require('chdb').query(process.argv[1], 'JSONEachRow'))";
  const printed = execFileSync(process.execPath, ["-e", program, sql], { maxBuffer: 2 ** 26 });
  return printed
    .toString()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

function readBack(file: string, table: FactTable): Record<string, unknown>[] {
  const asText = [
    "base64Encode(options) AS options",
    ...(table === "handshakes" ? [] : ["base64Encode(quote) AS quote"]),
    ...(table === "trace_hops" ? ["IPv6NumToString(sent_from) AS sent_from"] : []),
    "toUnixTimestamp64Micro(received_at) AS received_at",
    "IPv6NumToString(target) AS target",
    "IPv6NumToString(responder) AS responder",
  ];
  const settings = "output_format_json_quote_64bit_integers = 1";
  return ask(`SELECT * REPLACE (${asText.join(", ")}) FROM file('${file}', 'Native') SETTINGS ${settings}`);
}

function expected(row: EvidenceRow, number: number): Record<string, unknown> {
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
  const ipv6 = (bytes: Uint8Array): string => {
    const text = formatAddress(bytes);
    return text.includes(":") ? text : `::ffff:${text}`;
  };
  const common = {
    ...constants,
    row: number,
    source: row.source,
    index: String(row.index),
    target: ipv6(row.target),
    port: row.port,
    variant: row.variant,
    verdict: row.verdict,
    received_at: String(row.receivedAtUs),
    rtt_us: row.rttUs,
    responder: ipv6(row.responder),
    ttl: row.ttl,
    options: base64(row.options),
    rule_version: RULE_VERSION,
  };
  const key = (value: bigint | null): string | null => (value === null ? null : String(value));
  if (row.table === "handshakes") {
    return {
      ...common,
      after: row.after,
      syn_verdict: row.synVerdict,
      join_probe: row.joinProbe,
      join_probe_reason: row.joinProbeReason,
      join: row.join,
      join_reason: row.joinReason,
      join_removal: row.joinRemoval,
      no_join: Number(row.noJoin),
      checksum_required: Number(row.checksumRequired),
      receiver_key: key(row.receiverKey),
      addresses: row.addresses,
      reset_reason: row.resetReason,
      segments: row.segments,
      facts: row.facts,
    };
  }
  const icmp = { icmp_type: row.icmpType, icmp_code: row.icmpCode, quote: base64(row.quote) };
  if (row.table === "syn_replies") {
    return { ...common, ...icmp, tcp_flags: row.tcpFlags, window: row.window, receiver_key: key(row.receiverKey) };
  }
  const { kind, mptcp, changes, unobservable } = row;
  const shown = { first_difference_bit: row.firstDifferenceBit, icmp_extensions: row.icmpExtensions };
  const more = { ...shown, sent_from: ipv6(row.sentFrom) };
  return { ...common, ...icmp, ...more, kind, reply_ttl: row.replyTtl, mptcp, changes, unobservable };
}

test("the engine reads back every value of all tables", async () => {
  const replies = fc.sample(synReplyRows, { numRuns: 300, seed: 42 });
  const hops = fc.sample(traceHopRows, { numRuns: 300, seed: 42 });
  const replyEncoder = createBatchEncoder("syn_replies");
  const hopEncoder = createBatchEncoder("trace_hops");
  const handshakes = fc.sample(handshakeRows, { numRuns: 300, seed: 42 });
  const handshakeEncoder = createBatchEncoder("handshakes");
  for (const handshake of handshakes) handshakeEncoder.append(handshake);
  for (const reply of replies) replyEncoder.append(reply);
  for (const hop of hops) hopEncoder.append(hop);
  for (const [rows, block] of [
    [replies, replyEncoder.finish()],
    [hops, hopEncoder.finish()],
    [handshakes, handshakeEncoder.finish()],
  ] as const) {
    const table = rows[0]?.table ?? "syn_replies";
    const file = join(folder, `${table}.native`);
    await writeFile(file, Buffer.concat(prependConstants(block, constants)));
    expect(readBack(file, table)).toEqual(rows.map(expected));
  }
});

test("the engine reads back timings of pages under the names of their columns", async () => {
  const timings = fc.sample(webTimingRows, { numRuns: 300, seed: 42 });
  const encoder = createBatchEncoder("web_timings");
  for (const timing of timings) encoder.append(timing);
  const file = join(folder, "web_timings.native");
  await writeFile(file, encoder.finish());
  const found = ask(
    `SELECT * REPLACE (IPv6NumToString(target) AS target, toUnixTimestamp64Micro(started_at) AS started_at)
     FROM file('${file}', 'Native') SETTINGS output_format_json_quote_64bit_integers = 1`,
  );
  const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  expect(found).toEqual(
    timings.map(({ table: _, startedAtUs, ...timing }, number) => {
      const cells = Object.entries(timing).map(([name, value]) => [snake(name), value]);
      const address = formatAddress(timing.target);
      return {
        ...Object.fromEntries(cells),
        row: number,
        started_at: String(startedAtUs),
        index: String(timing.index),
        body_bytes: String(timing.bodyBytes),
        target: address.includes(":") ? address : `::ffff:${address}`,
      };
    }),
  );
});

test("the engine sees the columns that the tables file promises", async () => {
  const encoder = createBatchEncoder("trace_hops");
  // Addresses of either family: IPv4 alone would be sent as such.
  const ipv6 = new Uint8Array(16).fill(0x20);
  for (const hop of fc.sample(traceHopRows, { numRuns: 1, seed: 1 })) {
    encoder.append({ ...hop, target: ipv6, responder: ipv6, sentFrom: ipv6 });
  }
  const file = join(folder, "columns.native");
  await writeFile(file, encoder.finish());
  const described = ask(`DESCRIBE TABLE file('${file}', 'Native')`);
  expect(described.map(({ name, type }) => ({ name, type }))).toEqual(FACT_TABLES.trace_hops);
});
