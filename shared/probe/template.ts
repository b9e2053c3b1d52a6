import { firstSourcePort, probeKind } from "./fields.js";
import { TEMPLATE_BYTES, TEMPLATE_PACKET_AT } from "./kernel.js";
import { packetFacts } from "./packet-facts.js";
import { encodeProbeOptions, type OptionProfile, profileFacts } from "./profile.js";
import type { Stage, Variant } from "./variant.js";

export interface TemplateOptions {
  readonly stage: Stage;
  readonly family: 4 | 6;
  /** 16 bytes. */
  readonly source: Uint8Array;
  readonly variant: Variant;
  readonly profile: OptionProfile;
}

const TCP_HEADER_BYTES = 20;
const TCP = 6;
const SYN = 0x02;
const DONT_FRAGMENT = 0x40;

/**
 * All of a probe that does not depend on the target, as the kernel wants it (`kernel.as.ts`): seven numbers, then the
 * packet with 0 in the fields that are filled in.
 */
export function probeTemplate({ stage, family, source, variant, profile }: TemplateOptions): Uint8Array {
  const options = encodeProbeOptions(profile, variant, family);
  const tcpBytes = TCP_HEADER_BYTES + options.bytes.length;
  const ipBytes = family === 4 ? 20 : 40;
  const template = new Uint8Array(TEMPLATE_BYTES);
  const packet = template.subarray(TEMPLATE_PACKET_AT, TEMPLATE_PACKET_AT + ipBytes + tcpBytes);
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  if (family === 4) {
    packet[0] = 0x45;
    view.setUint16(2, packet.length);
    packet[6] = DONT_FRAGMENT;
    packet[9] = TCP;
    packet.set(source.subarray(12), 12);
  } else {
    packet[0] = 0x60;
    view.setUint16(4, tcpBytes);
    packet[6] = TCP;
    packet.set(source, 8);
  }
  packet[ipBytes + 12] = (tcpBytes / 4) << 4;
  packet[ipBytes + 13] = SYN;
  view.setUint16(ipBytes + 14, profileFacts(profile).window);
  packet.set(options.bytes, ipBytes + TCP_HEADER_BYTES);

  // RFC 9293 section 3.1, RFC 8200 section 8.1: addresses, protocol and length, here in memory order.
  const pseudoHeader = sum(view, family === 4 ? 12 : 8, family === 4 ? 16 : 24) + (TCP << 8) + (tcpBytes << 8);
  const place = (at: number | null): number => (at === null ? 0 : evenly(ipBytes + TCP_HEADER_BYTES + at));
  const numbers = [
    probeKind(stage, variant),
    packetFacts(packet.length, family),
    firstSourcePort(variant),
    place(options.tsValueAt),
    place(options.keyAt),
    family === 4 ? sum(view, 0, 20) : 0,
    pseudoHeader + sum(view, ipBytes, packet.length),
  ];
  const head = new DataView(template.buffer);
  for (const [i, number] of numbers.entries()) head.setUint32(4 * i, number, true);
  return template;
}

/** A field at an odd place would stand the other way round in the checksum. */
function evenly(place: number): number {
  if (place % 2 !== 0) throw new RangeError(`a field at byte ${place} of a probe`);
  return place;
}

/** Little-endian halves of `[from, to)`. */
function sum(view: DataView, from: number, to: number): number {
  let total = 0;
  for (let at = from; at < to; at += 2) total += view.getUint16(at, true);
  return total;
}
