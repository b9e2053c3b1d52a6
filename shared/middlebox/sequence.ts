import { u32 } from "../packet/ip.js";
import { TCP_ACK } from "../packet/tcp.js";
import { put32 } from "../packet/write.js";
import type { BehaviourOf } from "./behaviour.js";
import { edited } from "./rewrite.js";
import type { PacketRule } from "./rule.js";
import { segmentOf } from "./segment.js";

/**
 * Moves the sequence numbers of what goes forth, as firewalls do that do not trust a client's initial one, and the
 * acknowledgements that come back. SACK blocks stay wrong (Honda et al. found such boxes), and so do quotes.
 */
export function createShiftSequence({ by }: BehaviourOf<"shift-sequence">): PacketRule {
  return (packet, direction) => {
    const segment = segmentOf(packet, direction);
    if (segment === null || (direction === "back" && (segment.tcp.flags & TCP_ACK) === 0)) return packet;
    const at = segment.ip.headerBytes + (direction === "forth" ? 4 : 8);
    return edited(packet, segment.ip, (copy) => put32(copy, at, u32(copy, at) + (direction === "forth" ? by : -by)));
  };
}
