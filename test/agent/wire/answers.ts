/** Packets that come back to a probe, byte by byte (RFC 791, 792, 793, 4443, 8200). Checksums are left 0. */

const SYN_ACK = 0x12;
const RST_ACK = 0x14;

export function isIpv4(packet: Uint8Array): boolean {
  return (packet[0] ?? 0) >>> 4 === 4;
}

/** The probe's TCP header and options. */
export function tcpOf(probe: Uint8Array): Uint8Array {
  return probe.subarray(isIpv4(probe) ? 20 : 40);
}

export function ttlOf(probe: Uint8Array): number {
  return (isIpv4(probe) ? probe[8] : probe[7]) ?? 0;
}

export function portsOf(probe: Uint8Array): { source: number; destination: number } {
  const view = new DataView(tcpOf(probe).slice().buffer);
  return { source: view.getUint16(0), destination: view.getUint16(2) };
}

/** TSval of the probe as it stands in its options. */
function timestampOf(probe: Uint8Array): Uint8Array {
  const tcp = tcpOf(probe);
  for (let at = 20; at < tcp.length; ) {
    const kind = tcp[at];
    if (kind === 8) return tcp.slice(at + 2, at + 6);
    at += kind === 1 ? 1 : (tcp[at + 1] ?? 1);
  }
  return new Uint8Array(4);
}

export interface SegmentOptions {
  /** Options behind the timestamps, a multiple of four bytes. */
  readonly options?: readonly number[];
  readonly timestamps?: boolean;
}

export function synAck(probe: Uint8Array, { options = [], timestamps = true }: SegmentOptions = {}): Uint8Array {
  const ts = timestamps ? [1, 1, 8, 10, 0, 0, 0, 1, ...timestampOf(probe)] : [];
  return segment(probe, SYN_ACK, [2, 4, 5, 180, ...ts, ...options]);
}

export function reset(probe: Uint8Array): Uint8Array {
  return segment(probe, RST_ACK, []);
}

export interface IcmpOptions {
  readonly from: readonly number[];
  readonly type: number;
  readonly code?: number;
  /** Bytes of the quote; the whole probe by default. */
  readonly quoteBytes?: number;
  /** Changes the quoted packet. */
  readonly touch?: (quote: Uint8Array) => Uint8Array;
}

/** An ICMP (or ICMPv6) error about a probe. */
export function icmpError(probe: Uint8Array, { from, type, code = 0, quoteBytes, touch }: IcmpOptions): Uint8Array {
  const quote = (touch?.(probe.slice()) ?? probe).slice(0, quoteBytes);
  const message = [type, code, 0, 0, 0, 0, 0, 0, ...quote];
  return isIpv4(probe)
    ? ipv4(1, from, [...probe.subarray(12, 16)], message)
    : ipv6(58, from, [...probe.subarray(8, 24)], message);
}

function segment(probe: Uint8Array, flags: number, options: readonly number[]): Uint8Array {
  const tcp = tcpOf(probe);
  const next = (new DataView(tcp.slice().buffer).getUint32(4) + 1) >>> 0;
  const header = [
    ...tcp.subarray(2, 4),
    ...tcp.subarray(0, 2),
    ...[1, 2, 3, 4],
    ...[next >>> 24, (next >>> 16) & 255, (next >>> 8) & 255, next & 255],
    ((20 + options.length) / 4) << 4,
    flags,
    ...[0xfe, 0x88, 0, 0, 0, 0],
    ...options,
  ];
  return isIpv4(probe)
    ? ipv4(6, [...probe.subarray(16, 20)], [...probe.subarray(12, 16)], header)
    : ipv6(6, [...probe.subarray(24, 40)], [...probe.subarray(8, 24)], header);
}

function ipv4(protocol: number, from: readonly number[], to: readonly number[], body: readonly number[]): Uint8Array {
  const bytes = 20 + body.length;
  return Uint8Array.of(0x45, 0, bytes >>> 8, bytes, 0, 0, 0, 0, 57, protocol, 0, 0, ...from, ...to, ...body);
}

function ipv6(next: number, from: readonly number[], to: readonly number[], body: readonly number[]): Uint8Array {
  return Uint8Array.of(0x60, 0, 0, 0, body.length >>> 8, body.length, next, 57, ...from, ...to, ...body);
}
