import fc from "fast-check";
import type { HandshakeRow, SynReplyRow, TraceHopRow, WebTimingRow } from "../../../shared/batch/rows.js";
import { VARIANTS } from "../../../shared/probe/variant.js";
import { TIMING_OUTCOMES, TRANSPORTS } from "../../../shared/timing/names.js";
import {
  AFTER_HANDSHAKE,
  HANDSHAKE_VERDICTS,
  JOIN_VERDICTS,
  MPTCP_STATES,
  SYN_VERDICTS,
} from "../../../shared/verdict/names.js";

/** Rows with every value that their columns can hold. */
const address = fc.uint8Array({ minLength: 16, maxLength: 16 });
const uint8 = fc.nat(0xff);
const uint16 = fc.nat(0xffff);
const uint32 = fc.nat(0xffff_ffff);
const text = fc.oneof(fc.string({ unit: "grapheme", maxLength: 200 }), fc.constantFrom("", "synscan/v4/80"));
const names = fc.array(text, { maxLength: 5 });
const common = {
  source: text,
  index: fc.maxSafeInteger().map(Math.abs),
  target: address,
  port: uint16,
  variant: fc.constantFrom(...VARIANTS),
  receivedAtUs: fc.integer({ min: 0, max: 4_000_000_000_000_000 }),
  rttUs: fc.option(uint32),
  responder: address,
  ttl: uint8,
  options: fc.uint8Array({ maxLength: 40 }),
  quote: fc.uint8Array({ maxLength: 1280 }),
  icmpType: uint8,
  icmpCode: uint8,
};

export const synReplyRows: fc.Arbitrary<SynReplyRow> = fc.record({
  table: fc.constant("syn_replies"),
  ...common,
  verdict: fc.constantFrom(...SYN_VERDICTS),
  tcpFlags: uint8,
  window: uint16,
  receiverKey: fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
});

export const traceHopRows: fc.Arbitrary<TraceHopRow> = fc.record({
  table: fc.constant("trace_hops"),
  ...common,
  kind: fc.constantFrom("time-exceeded", "unreachable", "synack", "rst"),
  replyTtl: uint8,
  verdict: fc.constantFrom("" as const, ...SYN_VERDICTS),
  mptcp: fc.constantFrom(...MPTCP_STATES),
  changes: names,
  unobservable: names,
  firstDifferenceBit: fc.option(uint16),
  icmpExtensions: names,
  sentFrom: address,
});

const { quote: _quote, icmpType: _type, icmpCode: _code, ...withoutIcmp } = common;

export const handshakeRows: fc.Arbitrary<HandshakeRow> = fc.record({
  table: fc.constant("handshakes"),
  ...withoutIcmp,
  variant: fc.constantFrom("v0", "v1"),
  verdict: fc.constantFrom(...HANDSHAKE_VERDICTS),
  after: fc.constantFrom("" as const, ...AFTER_HANDSHAKE),
  synVerdict: fc.constantFrom(...SYN_VERDICTS),
  joinProbe: fc.constantFrom("mp-tcprst", "rst", "syn-ack", "unreachable", "silent", ""),
  joinProbeReason: fc.option(uint8),
  join: fc.constantFrom("" as const, ...JOIN_VERDICTS),
  joinReason: fc.option(uint8),
  joinRemoval: fc.constantFrom("removed", "kept", ""),
  noJoin: fc.boolean(),
  checksumRequired: fc.boolean(),
  receiverKey: fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  addresses: names,
  resetReason: fc.option(uint8),
  segments: names,
  facts: names,
});

export const webTimingRows: fc.Arbitrary<WebTimingRow> = fc.record({
  table: fc.constant("web_timings"),
  source: text,
  index: common.index,
  target: address,
  port: uint16,
  scheme: fc.constantFrom("http", "https"),
  transport: fc.constantFrom(...TRANSPORTS),
  run: uint16,
  path: fc.constantFrom("/", "/robots.txt"),
  outcome: fc.constantFrom(...TIMING_OUTCOMES),
  detail: text,
  status: uint16,
  startedAtUs: common.receivedAtUs,
  connectUs: fc.option(uint32),
  pretransferUs: fc.option(uint32),
  firstByteUs: fc.option(uint32),
  totalUs: fc.option(uint32),
  bodyBytes: fc.maxSafeInteger().map(Math.abs),
  mptcp: fc.constantFrom("negotiated", "fell-back", "fell-back-later", ""),
  subflows: uint8,
  location: text,
  server: text,
  robots: fc.constantFrom("allowed", "disallowed", "unreachable", ""),
  tlsVersion: text,
  certificate: text,
  certificateSubject: text,
  certificateIssuer: text,
  certificateFrom: text,
  certificateTo: text,
  certificateError: text,
});
