import { traceHopRow } from "../../../agent/tracebox/row.js";
import { parseAddress } from "../../../shared/address/address.js";
import type { HandshakeRow, SynReplyRow, TraceHopRow } from "../../../shared/batch/rows.js";
import { edited } from "../../../shared/middlebox/rewrite.js";
import { FULL_QUOTE, icmpError, timeExceeded } from "../../../shared/middlebox/router.js";
import { decodePacket } from "../../../shared/packet/decode.js";
import { decodeIp } from "../../../shared/packet/ip.js";
import { createProbeBuilder, PROBE_MAX_BYTES } from "../../../shared/probe/build.js";
import type { Variant } from "../../../shared/probe/variant.js";

export const SECRET = Uint8Array.from({ length: 16 }, (_, i) => 200 - i);
const TARGET = parseAddress("198.18.0.1");
const SOURCE = parseAddress("203.0.113.7");
export const UNKNOWN = parseAddress("::");
const PORT = 80;
const SENT_AT_MS = 1_795_000_000_123;
const NOTHING = new Uint8Array(0);

const common = { source: "s", index: 0, target: TARGET, port: PORT, responder: TARGET } as const;
const time = { receivedAtUs: SENT_AT_MS * 1000 + 2_000, rttUs: 2_000 } as const;

/** RFC 8684 section 3.1: MP_CAPABLE version 1 with the host's key; then MSS alone. */
export const CLAIM = Uint8Array.from([2, 4, 5, 180, 30, 12, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8]);
export const PLAIN = Uint8Array.from([2, 4, 5, 180]);

export function reply(variant: Variant, options: Uint8Array, verdict: SynReplyRow["verdict"]): SynReplyRow {
  return {
    ...common,
    ...time,
    table: "syn_replies",
    variant,
    verdict,
    ttl: 60,
    tcpFlags: 0x12,
    window: 65_160,
    receiverKey: null,
    options,
    icmpType: 0,
    icmpCode: 0,
    quote: NOTHING,
  };
}

/** What a router in front of which a box has overwritten MP_CAPABLE with NOPs, or rewritten the source, says of a probe. */
export function hop(ttl: number, box: "strips" | "translates" | null, stored: Partial<TraceHopRow> = {}): TraceHopRow {
  const builder = createProbeBuilder({
    secret: SECRET,
    stage: "tracebox",
    profile: "linux",
    source4: SOURCE,
    source6: null,
  });
  const bytes = new Uint8Array(PROBE_MAX_BYTES);
  const probe = bytes.slice(0, builder.build({ address: TARGET, port: PORT }, "v1", ttl, SENT_AT_MS, bytes));
  const arrived = edited(probe, decodeIp(probe), (copy) => {
    if (box === "strips") copy.fill(1, copy.length - 4);
    if (box === "translates") copy[15] = 99;
  });
  const router = parseAddress(`203.0.113.${100 + ttl}`);
  const packet = decodePacket(icmpError(arrived, router, timeExceeded(4), FULL_QUOTE));
  const match = { variant: "v1", address: TARGET, port: PORT, ttl, sentTimeMs26: null } as const;
  const row = traceHopRow({
    source: "s",
    index: 0,
    reply: { packet, match, capturedUs: time.receivedAtUs },
    ttl,
    kind: "time-exceeded",
    rttUs: time.rttUs,
    probe,
    verdict: "unreachable",
  });
  // The router answers the address that it sees; a translator sends that on to the one behind.
  return { ...row, sentFrom: SOURCE, ...stored };
}

export function handshake(stored: Partial<HandshakeRow>): HandshakeRow {
  const digits = Buffer.from(CLAIM).toString("hex");
  return {
    ...common,
    ...time,
    table: "handshakes",
    variant: "v1",
    verdict: "dss-proved",
    after: "",
    synVerdict: "claims-v1",
    joinProbe: "mp-tcprst",
    joinProbeReason: 2,
    join: "",
    joinReason: null,
    joinRemoval: "",
    noJoin: false,
    checksumRequired: false,
    receiverKey: null,
    addresses: [],
    resetReason: null,
    ttl: 60,
    options: CLAIM,
    segments: ["join-probe RST|ACK 0 1e048002", `first SYN|ACK 0 ${digits}`],
    facts: ["data-acked", "dss-seen", "data-ack-right"],
    ...stored,
  };
}
