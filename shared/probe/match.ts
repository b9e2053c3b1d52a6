import { DecodeError } from "../errors.js";
import { timestampEcho, timestampsOf } from "../option/tcp-options.js";
import type { Packet } from "../packet/decode.js";
import { decodeIp, type IpHeader, PROTOCOL_TCP, u8, u16, u32 } from "../packet/ip.js";
import { createSegment, type Segment, segmentOf } from "../packet/segment.js";
import { TCP_ACK, TCP_RST, TCP_SYN } from "../packet/tcp.js";
import {
  createProbeFieldValues,
  type ProbeFields,
  type ProbeFieldValues,
  TTL_BITS,
  TTL_MASK,
  variantOfSourcePort,
} from "./fields.js";
import { type OptionProfile, profileFacts } from "./profile.js";
import { type Stage, VARIANTS, type Variant } from "./variant.js";

/** The probe that a packet answers, from the packet and the campaign's secret alone. */
export interface ReplyMatch {
  readonly variant: Variant;
  /** Target of the probe, 16 bytes; the responder of an ICMP error is another host as a rule. */
  readonly address: Uint8Array;
  readonly port: number;
  /** TTL that the probe was sent with, 1 to 63; null in synscan, and where the answer does not bring it back. */
  readonly ttl: number | null;
  /** Send time in milliseconds modulo 2^26, null where the answer does not bring it back. */
  readonly sentTimeMs26: number | null;
}

export interface ReplyMatcher {
  /** Null for a packet that answers no probe of this stage. */
  match(packet: Packet, stage: Stage): ReplyMatch | null;
  /**
   * The same for a segment of the receive loop, and nothing is made: the number of the probe's variant in VARIANTS, or -1.
   */
  matchSegment(segment: Segment, stage: Stage): number;
  /** Send time in milliseconds modulo 2^26 that a segment brings back, or null. */
  sentTimeOf(segment: Segment): number | null;
}

/** Bytes of a TCP header that RFC 792 routers quote: ports and sequence number. */
const SHORTEST_QUOTE = 8;

/**
 * Matches answers without state. What counts as proof:
 * - SYN/ACK and RST/ACK: acknowledgement = sequence number + 1, sent to the probe's source port.
 * - ICMP error: the quoted sequence number, whatever a NAT did to the source port; or, where a firewall has changed the
 *   sequence number, source port and the keyed bits of the IPID (IPv4) or the flow label (IPv6) together.
 * Times come back only from a profile whose TSval carries them.
 */
export function createReplyMatcher(fields: ProbeFields, profile: OptionProfile = "linux"): ReplyMatcher {
  const values = createProbeFieldValues();
  const { carriesTime } = profileFacts(profile);
  const scratch = createSegment();
  return {
    match(packet, stage) {
      switch (packet.kind) {
        case "tcp":
          return matchTcp(packet, stage);
        case "icmp-error":
          return matchQuote(packet.icmp.quote, stage);
        case "other":
          return null;
      }
    },
    matchSegment,
    sentTimeOf: (segment) => carried(0, echoOf(segment)).sentTimeMs26,
  };

  function matchTcp({ ip, tcp }: Extract<Packet, { kind: "tcp" }>, stage: Stage): ReplyMatch | null {
    const segment = segmentOf(ip, tcp, scratch);
    const variant = VARIANTS[matchSegment(segment, stage)];
    if (variant === undefined) {
      return null;
    }
    const echo = echoOf(segment);
    const ttl = stage === "tracebox" ? echo & TTL_MASK : 0;
    return { variant, address: ip.source, port: tcp.sourcePort, ...carried(ttl, echo) };
  }

  function matchSegment(segment: Segment, stage: Stage): number {
    const { flags, source, sourcePort, destinationPort, acknowledgement } = segment;
    const variant = variantOfSourcePort(destinationPort);
    if (variant === null || (flags & TCP_ACK) === 0 || (flags & (TCP_SYN | TCP_RST)) === 0) {
      return -1;
    }
    fields.compute(stage, variant, source, sourcePort, values);
    if (destinationPort !== values.sourcePort || acknowledgement !== (values.sequence + 1) >>> 0) {
      return -1;
    }
    return VARIANTS.indexOf(variant);
  }

  function echoOf({ bytes, optionsAt, optionsEnd }: Segment): number {
    return carriesTime ? timestampEcho(bytes, optionsAt, optionsEnd) : 0;
  }

  function matchQuote(quote: Uint8Array, stage: Stage): ReplyMatch | null {
    const ip = decodeQuotedIp(quote);
    if (ip?.protocol !== PROTOCOL_TCP || ip.fragmentOffset > 0 || quote.length < ip.headerBytes + SHORTEST_QUOTE) {
      return null;
    }
    const tcp = quote.subarray(ip.headerBytes);
    const port = u16(tcp, 2);
    const variant = quotedVariant(ip, tcp, stage);
    if (variant === null) {
      return null;
    }
    const quotedOptions = tcp.subarray(20, Math.max(20, (u8(tcp, 12) >>> 4) * 4));
    const sent = carriesTime ? (timestampsOf(quotedOptions)?.value ?? 0) : 0;
    const ttl = stage === "tracebox" ? quotedTtl(ip, sent, values) : 0;
    return { variant, address: ip.destination, port, ...carried(ttl, sent) };
  }

  /** Leaves the fields of the variant it returns in `values`. */
  function quotedVariant(ip: IpHeader, tcp: Uint8Array, stage: Stage): Variant | null {
    const sourcePort = u16(tcp, 0);
    const sequence = u32(tcp, 4);
    const likely = variantOfSourcePort(sourcePort);
    if (likely !== null) {
      fields.compute(stage, likely, ip.destination, u16(tcp, 2), values);
      const keyedHeader = ip.family === 4 ? hasKeyedId(ip.id, values) : ip.flowLabel === values.flowLabel;
      if (sequence === values.sequence || (sourcePort === values.sourcePort && keyedHeader)) {
        return likely;
      }
    }
    for (const variant of VARIANTS) {
      fields.compute(stage, variant, ip.destination, u16(tcp, 2), values);
      if (sequence === values.sequence) {
        return variant;
      }
    }
    return null;
  }
}

/** Routers rewrite the IPID at times: then its low bits are no TTL, and TSval has it if the quote is long enough. */
function quotedTtl(ip: IpHeader, tsValue: number, values: ProbeFieldValues): number {
  return (ip.family === 4 && hasKeyedId(ip.id, values) ? ip.id : tsValue) & TTL_MASK;
}

function hasKeyedId(id: number, values: ProbeFieldValues): boolean {
  return id >>> TTL_BITS === values.ipIdHigh;
}

/** TTL 0 and timestamp 0 are never sent by a stage that carries them. */
function carried(ttl: number, timestamp: number): Pick<ReplyMatch, "ttl" | "sentTimeMs26"> {
  return { ttl: ttl === 0 ? null : ttl, sentTimeMs26: timestamp === 0 ? null : timestamp >>> TTL_BITS };
}

function decodeQuotedIp(quote: Uint8Array): IpHeader | null {
  try {
    return decodeIp(quote);
  } catch (error) {
    if (error instanceof DecodeError) {
      return null;
    }
    throw error;
  }
}
