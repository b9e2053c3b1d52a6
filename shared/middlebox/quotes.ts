import { sameAddress } from "../address/address.js";
import { decodePacket } from "../packet/decode.js";
import type { BehaviourOf } from "./behaviour.js";
import { icmpError } from "./router.js";
import type { BoxSite, PacketRule } from "./rule.js";

/**
 * Makes the router behind the box quote in another form than it does, or answer fewer of the packets that die there: for
 * real routers, all of whose ICMP errors a box next to them sees.
 */
export function createRequote({ form, oneOf }: BehaviourOf<"requote">, { routers }: BoxSite): PacketRule {
  let errors = 0;
  return (packet, direction) => {
    const decoded = direction === "back" ? decodePacket(packet) : null;
    if (decoded?.kind !== "icmp-error") return packet;
    const { ip, icmp } = decoded;
    if (!routers.some((router) => sameAddress(router, ip.source))) return packet;
    if (oneOf === 0 || errors++ % oneOf !== 0) return null;
    return icmpError(icmp.quote, ip.source, { type: icmp.type, code: icmp.code }, form);
  };
}
