import { sameAddress } from "../address/address.js";
import { timestampEcho, timestampsOf } from "../option/tcp-options.js";
import { decodeIp, type IpHeader, PROTOCOL_TCP, u8, u16, u32 } from "../packet/ip.js";
import type { TcpHeader } from "../packet/tcp.js";
import type { SentSyn } from "./sent-syn.js";

/** A SYN of the book, and what answered it so far. */
export interface BookedProbe {
  readonly syn: SentSyn;
  answeredBy: "router" | "target" | null;
  /** From the SYN to its answer; null without times. */
  rttUs: number | null;
}

/** The SYNs of a capture so far, to find the one that a packet answers. */
export interface ProbeBook {
  add(syn: SentSyn): void;
  /** The probe that an ICMP error quotes, or null. Throws DecodeError when the quote is no IP packet. */
  quotedBy(quote: Uint8Array): BookedProbe | null;
  /** The probe that a SYN/ACK or RST with an acknowledgement answers, or null. */
  answeredBy(ip: IpHeader, tcp: TcpHeader, capturedUs: number | null): BookedProbe | null;
}

/** Probes that are kept at the least, and half of those at the most: at 100,000 a second that is 5 seconds. */
const KEPT_PROBES = 500_000;
/** Of one target; older ones are forgotten. */
const KEPT_OF_TARGET = 1_024;
/** Bytes of a TCP header that RFC 792 routers quote: ports and sequence number. */
const SHORTEST_QUOTE = 8;

/** `keptProbes` is how many of the last SYNs are remembered, at the least. */
export function createProbeBook(keptProbes = KEPT_PROBES): ProbeBook {
  // Two generations: when the young one is full it becomes the old one, and what was old is forgotten.
  let young = new Map<string, BookedProbe[]>();
  let old = new Map<string, BookedProbe[]>();
  let youngProbes = 0;

  function probesTo(address: Uint8Array, port: number): readonly BookedProbe[] {
    const key = keyOf(address, port);
    return [...(old.get(key) ?? []), ...(young.get(key) ?? [])];
  }

  return {
    add(syn) {
      if (youngProbes >= keptProbes) {
        old = young;
        young = new Map();
        youngProbes = 0;
      }
      youngProbes++;
      const key = keyOf(syn.ip.destination, syn.destinationPort);
      const probes = young.get(key) ?? [];
      if (probes.length === 0) young.set(key, probes);
      if (probes.length >= KEPT_OF_TARGET) probes.shift();
      probes.push({ syn, answeredBy: null, rttUs: null });
    },
    quotedBy(quote) {
      const ip = decodeIp(quote);
      const tcp = quote.subarray(ip.headerBytes);
      if (ip.protocol !== PROTOCOL_TCP || tcp.length < SHORTEST_QUOTE) return null;
      return likeliest(probesTo(ip.destination, u16(tcp, 2)), ip, tcp);
    },
    answeredBy(ip, tcp, capturedUs) {
      const asked = probesTo(ip.source, tcp.sourcePort).filter(
        ({ syn }) =>
          syn.sourcePort === tcp.destinationPort &&
          syn.acknowledgedBy === tcp.acknowledgement &&
          sameAddress(syn.ip.source, ip.destination),
      );
      const echo = timestampEcho(tcp.options, 0, tcp.options.length);
      const echoed = echo === 0 ? undefined : asked.findLast(({ syn }) => syn.tsValue === echo);
      return echoed ?? guess(asked, capturedUs);
    },
  };
}

function keyOf(address: Uint8Array, port: number): string {
  return `${String.fromCharCode(...address)}${port}`;
}

/**
 * The probe whose fields a quote has most of. It must have its sequence number, which a translator leaves alone, or its
 * source port and IPID (IPv6: flow label), where a firewall has changed the sequence number. Of equals the last.
 */
function likeliest(probes: readonly BookedProbe[], ip: IpHeader, tcp: Uint8Array): BookedProbe | null {
  const tsValue = timestampsOf(tcp.subarray(20, Math.max(20, (u8(tcp, 12) >>> 4) * 4)))?.value;
  let best: BookedProbe | null = null;
  let most = 0;
  for (const probe of probes) {
    const { syn } = probe;
    const hasSequence = syn.sequence === u32(tcp, 4);
    const hasPort = syn.sourcePort === u16(tcp, 0);
    const hasId = sameId(syn.ip, ip);
    if (!hasSequence && !(hasPort && hasId)) continue;
    // What differs between the TTLs of a trace counts most, then what a flow is known by.
    const agreement =
      (tsValue !== undefined && tsValue === syn.tsValue ? 16 : 0) +
      (hasId ? 8 : 0) +
      (hasSequence ? 4 : 0) +
      (hasPort ? 2 : 0) +
      (sameAddress(syn.ip.source, ip.source) ? 1 : 0);
    if (agreement < most) continue;
    if (agreement === most && best?.answeredBy === null && probe.answeredBy !== null) continue;
    best = probe;
    most = agreement;
  }
  return best;
}

/** IPID, in whichever byte order the router quotes; IPv6 has a flow label in its place. */
function sameId(sent: IpHeader, quoted: IpHeader): boolean {
  if (sent.family === 6) return quoted.family === 6 && sent.flowLabel === quoted.flowLabel;
  if (quoted.family === 6) return false;
  return sent.id === quoted.id || sent.id === ((quoted.id & 0xff) << 8) + (quoted.id >>> 8);
}

/**
 * The probe of an answer that does not tell it, such as a RST: what the target answered already, as it may repeat
 * itself; else of those that went beyond every router that answered the one whose time on the way comes nearest to that
 * of the last router's.
 */
function guess(asked: readonly BookedProbe[], capturedUs: number | null): BookedProbe | null {
  const again = asked.find(({ answeredBy }) => answeredBy === "target");
  if (again !== undefined) return again;
  const routers = asked.filter(({ answeredBy }) => answeredBy === "router");
  const last = routers.reduce<BookedProbe | null>(
    (highest, probe) => (highest === null || probe.syn.ip.ttl > highest.syn.ip.ttl ? probe : highest),
    null,
  );
  const beyond = asked.filter(({ syn, answeredBy }) => answeredBy === null && syn.ip.ttl > (last?.syn.ip.ttl ?? 0));
  const usualUs = last?.rttUs ?? 0;
  const error = ({ syn }: BookedProbe): number =>
    capturedUs === null || syn.sentAtUs === null ? syn.ip.ttl : Math.abs(capturedUs - syn.sentAtUs - usualUs);
  const nearest = beyond.reduce<BookedProbe | null>(
    (best, probe) => (best === null || error(probe) < error(best) ? probe : best),
    null,
  );
  return nearest ?? asked.at(-1) ?? null;
}
