import { DecodeError } from "../../../shared/errors.js";
import { decodePacket } from "../../../shared/packet/decode.js";
import { decodeIcmpError } from "../../../shared/packet/icmp.js";
import { decodeIcmpExtensions } from "../../../shared/packet/icmp-extensions.js";
import { decodeIp } from "../../../shared/packet/ip.js";
import { createSegment, readSegment } from "../../../shared/packet/segment.js";
import { decodeTcp } from "../../../shared/packet/tcp.js";
import { verifyChecksums } from "../../../shared/packet/verify.js";
import { put16 } from "../../../shared/packet/write.js";
import { type FuzzedDecoder, PACKET_BYTES } from "../decoder.js";
import { EXTENSIONS, ICMP_ERRORS, PROBES, SEGMENTS } from "../seeds.js";

const packets = [...PROBES, ...SEGMENTS, ...ICMP_ERRORS];
const refused = { maxBytes: PACKET_BYTES, refusal: DecodeError };

export const PACKET_DECODERS: readonly FuzzedDecoder[] = [
  { ...refused, name: "ip", seeds: packets, decode: decodeIp },
  { ...refused, name: "tcp", seeds: [...PROBES, ...SEGMENTS].map(payloadOf), decode: decodeTcp },
  { ...refused, name: "icmp", seeds: errorsOf(4), decode: (bytes) => decodeIcmpError(bytes, 4) },
  { ...refused, name: "icmpv6", seeds: errorsOf(6), decode: (bytes) => decodeIcmpError(bytes, 6) },
  {
    ...refused,
    name: "packet",
    seeds: packets,
    decode(bytes) {
      verifyChecksums(bytes);
      return decodePacket(bytes);
    },
  },
  {
    ...refused,
    name: "icmp-extensions",
    seeds: EXTENSIONS,
    refusal: null,
    decode: decodeIcmpExtensions,
    repair: (bytes) => put16(bytes.subarray(0, 4), 2, 0),
  },
  { ...refused, name: "segment", seeds: packets, refusal: null, decode: readAlike },
];

const segment = createSegment();

/** What the receive loop reads must be what the whole decoder sees. */
function readAlike(bytes: Uint8Array): void {
  if (!readSegment(bytes, segment)) return;
  const packet = decodePacket(bytes);
  if (packet.kind !== "tcp") throw new Error(`a segment was read from a packet of kind ${packet.kind}`);
  const { optionsAt, optionsEnd, acknowledgement, flags } = segment;
  const isAlike =
    optionsEnd - optionsAt === packet.tcp.options.length &&
    acknowledgement === packet.tcp.acknowledgement &&
    flags === packet.tcp.flags;
  if (!isAlike) throw new Error("the segment is not the one that the packet has");
}

function payloadOf(packet: Uint8Array): Uint8Array {
  return packet.slice(decodeIp(packet).headerBytes);
}

function errorsOf(family: 4 | 6): Uint8Array[] {
  return ICMP_ERRORS.filter((packet) => decodeIp(packet).family === family).map(payloadOf);
}
