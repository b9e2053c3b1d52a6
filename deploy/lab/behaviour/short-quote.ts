import { sameAddress } from "../../../shared/address/address.js";
import { decodePacket } from "../../../shared/packet/decode.js";
import { decodeIp, PROTOCOL_ICMPV6 } from "../../../shared/packet/ip.js";
import { setChecksum, setLength } from "./rewrite.js";

const ICMP_HEADER_BYTES = 8;
/** RFC 792: the IP header and eight bytes of what follows. */
const QUOTED_PAYLOAD_BYTES = 8;

/** Shortens the quote in the ICMP errors of some routers to the least that RFC 792 asks for. */
export function shortenQuote(packet: Uint8Array, routers: readonly Uint8Array[]): Uint8Array {
  const decoded = decodePacket(packet);
  if (decoded.kind !== "icmp-error") return packet;
  const { ip, icmp } = decoded;
  if (!routers.some((router) => sameAddress(router, ip.source))) return packet;
  const quoted = decodeIp(icmp.quote).headerBytes + QUOTED_PAYLOAD_BYTES;
  const out = packet.slice(0, ip.headerBytes + ICMP_HEADER_BYTES + Math.min(quoted, icmp.quote.length));
  setLength(out, ip);
  setChecksum(out, ip, ip.family === 4 ? null : PROTOCOL_ICMPV6, ip.headerBytes + 2);
  return out;
}
