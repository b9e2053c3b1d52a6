import { sameAddress } from "../address/address.js";
import { decodePacket } from "../packet/decode.js";
import { decodeIp } from "../packet/ip.js";
import type { BehaviourOf } from "./behaviour.js";
import { setChecksum, setLength } from "./rewrite.js";
import type { BoxSite, PacketRule } from "./rule.js";

const ICMP_HEADER_BYTES = 8;

/**
 * Shortens the quotes in the ICMP errors of the IPv4 router behind the box, as that router may do itself: RFC 792 asks
 * for eight bytes. RFC 4443 leaves IPv6 routers no such choice.
 */
export function createShortenQuotes({ bytes }: BehaviourOf<"shorten-quotes">, { routers }: BoxSite): PacketRule {
  return (packet, direction) => {
    const decoded = direction === "back" ? decodePacket(packet) : null;
    if (decoded?.kind !== "icmp-error" || decoded.ip.family === 6) return packet;
    const { ip, icmp } = decoded;
    if (!routers.some((router) => sameAddress(router, ip.source))) return packet;
    const quoted = decodeIp(icmp.quote).headerBytes + bytes;
    const out = packet.slice(0, ip.headerBytes + ICMP_HEADER_BYTES + Math.min(quoted, icmp.quote.length));
    setLength(out, ip);
    setChecksum(out, ip, ip.headerBytes + 2);
    return out;
  };
}
