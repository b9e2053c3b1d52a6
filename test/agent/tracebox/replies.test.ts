import { describe, expect, it } from "@jest/globals";
import { createTraceBoard, stampOf } from "../../../agent/tracebox/board.js";
import { createTraceReplies } from "../../../agent/tracebox/replies.js";
import { parseAddress } from "../../../shared/address/address.js";
import type { EvidenceRow } from "../../../shared/batch/rows.js";
import { decodePacket } from "../../../shared/packet/decode.js";
import { createQuotedSegment, readQuotedSegment } from "../../../shared/packet/quoted-segment.js";
import { createProbeBuilder, PROBE_MAX_BYTES } from "../../../shared/probe/build.js";
import { createProbeFields } from "../../../shared/probe/fields.js";
import { createReplyMatcher } from "../../../shared/probe/match.js";
import { createListSource } from "../../../shared/target/list.js";
import { icmpError, isIpv4, tcpOf } from "../wire/answers.js";

const SECRET = new Uint8Array(16).fill(7);
const SENT_MS = 1_700_000_000_000;
const CAPTURED_US = SENT_MS * 1000 + 25_400;
const SOURCES = { source4: parseAddress("192.0.2.1"), source6: parseAddress("2001:db8::1") };
const TARGETS = ["198.18.0.9", "2001:db8:5::9"].map((text) => ({ address: parseAddress(text), port: 80 }));
const TTL = 5;

/** The receiving half with all probes of TTL 5 out, and what it makes of a packet on either way. */
function receivingHalf(secret = SECRET) {
  const board = createTraceBoard(0, 2, { variants: 2, maxTtl: 30 });
  board.announce(2);
  for (let trace = 0; trace < 4; trace++) board.sentAt[trace * board.ttls + TTL] = stampOf(SENT_MS);
  const fields = createProbeFields(secret);
  const rows: EvidenceRow[] = [];
  const replies = createTraceReplies(
    {
      ...SOURCES,
      ...{ secret, fields, profile: "linux", source: createListSource(TARGETS), sourceId: "test" },
      ...{ from: 0, to: 2, variants: ["v0", "plain"], maxTtl: 30, replyWindowMs: 1000, routerPacketsPerSecond: null },
      emit: (row) => rows.push(row),
    },
    board,
  );
  return {
    rows,
    board,
    plainly(bytes: Uint8Array): boolean {
      const quoted = createQuotedSegment();
      return readQuotedSegment(bytes, quoted) && replies.takeQuoted(quoted, CAPTURED_US, 0);
    },
    fully(bytes: Uint8Array): boolean {
      const packet = decodePacket(bytes);
      const match = createReplyMatcher(fields).match(packet, "tracebox");
      return match !== null && replies.take({ packet, match, bytes, capturedUs: CAPTURED_US }, 0);
    },
  };
}

function quoteOf(target: number, touch?: (quote: Uint8Array) => Uint8Array, quoteBytes?: number): Uint8Array {
  const builder = createProbeBuilder({ ...SOURCES, secret: SECRET, stage: "tracebox", profile: "linux" });
  const probe = new Uint8Array(PROBE_MAX_BYTES);
  const length = builder.build(TARGETS[target] ?? { address: SOURCES.source4, port: 0 }, "v0", TTL, SENT_MS, probe);
  const router = target === 0 ? [203, 0, 113, 5] : [0x20, 1, 0x0d, 0xb8, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5];
  return icmpError(probe.slice(0, length), {
    ...{ from: router, type: target === 0 ? 11 : 3 },
    ...(touch === undefined ? {} : { touch }),
    ...(quoteBytes === undefined ? {} : { quoteBytes }),
  });
}

/** As a router sees a probe: TTL run down, checksums put right. */
function onTheWay(quote: Uint8Array): Uint8Array {
  if (isIpv4(quote)) quote[8] = 1;
  else quote[7] = 1;
  if (isIpv4(quote)) quote.set([0xab, 0xcd], 10);
  tcpOf(quote).set([0x12, 0x34], 16);
  return quote;
}

describe("a router's plain quote", () => {
  it.each([
    ["IPv4", 0],
    ["IPv6", 1],
  ])("of %s makes the same row on the short way as on the full one", (_family, target) => {
    const bytes = quoteOf(target, onTheWay);
    const [short, full] = [receivingHalf(), receivingHalf()];
    expect([short.plainly(bytes.slice()), full.fully(bytes.slice())]).toEqual([true, true]);
    expect(short.rows).toHaveLength(1);
    expect(short.rows).toEqual(full.rows);
    expect(short.rows[0]).toMatchObject({ ttl: TTL, mptcp: "unmodified", rttUs: 25_400, index: target });
    expect(short.board.answeredLow).toEqual(full.board.answeredLow);
  });

  it("is not taken on the short way when anything in it is another", () => {
    for (const target of [0, 1]) {
      const bytes = quoteOf(target, onTheWay);
      const quoteAt = bytes.length - quoteOf(target, (quote) => quote).length + (target === 0 ? 28 : 48);
      const mayDiffer = target === 0 ? [8, 10, 11, 36, 37] : [7, 56, 57];
      for (let i = quoteAt; i < bytes.length; i++) {
        const changed = bytes.slice();
        changed[i] = (changed[i] ?? 0) ^ 0x10;
        expect([target, i - quoteAt, receivingHalf().plainly(changed)]).toEqual([
          target,
          i - quoteAt,
          mayDiffer.includes(i - quoteAt),
        ]);
      }
    }
  });

  it("is not taken on the short way when it ends early, comes twice, or is of somebody else's probe", () => {
    const half = receivingHalf();
    expect(half.plainly(quoteOf(0, onTheWay, 28))).toBe(false);
    expect([half.plainly(quoteOf(0, onTheWay)), half.plainly(quoteOf(0, onTheWay))]).toEqual([true, false]);
    expect(half.rows).toHaveLength(1);
    expect(receivingHalf(new Uint8Array(16).fill(8)).plainly(quoteOf(0, onTheWay))).toBe(false);
  });
});
