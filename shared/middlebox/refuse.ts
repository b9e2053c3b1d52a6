import { encodeTcpPacket } from "../packet/encode.js";
import { TCP_RST } from "../packet/tcp.js";
import type { BehaviourOf } from "./behaviour.js";
import { matches } from "./match.js";
import { resetTo } from "./reply.js";
import type { PacketRule } from "./rule.js";
import { type Segment, segmentOf } from "./segment.js";

const TTL = 64;

/** Lets segments disappear. */
export function createDrop({ when }: BehaviourOf<"drop">): PacketRule {
  return (packet, direction) => {
    const segment = segmentOf(packet, direction);
    return segment !== null && matches(when, segment) ? null : packet;
  };
}

/** Answers segments with RST in the name of the other end; `both` sends one to that end too. */
export function createReset({ when, both }: BehaviourOf<"reset">): PacketRule {
  return (packet, direction, aside) => {
    const segment = segmentOf(packet, direction);
    if (segment === null || (segment.tcp.flags & TCP_RST) !== 0 || !matches(when, segment)) return packet;
    aside.back(resetTo(segment, TTL));
    if (both) aside.on(resetOn(segment));
    return null;
  };
}

/** In the sender's name, with its own sequence number, so that the receiver believes it. */
function resetOn({ ip, tcp }: Segment): Uint8Array {
  const { sourcePort, destinationPort, sequence } = tcp;
  return encodeTcpPacket(
    { source: ip.source, destination: ip.destination, ttl: TTL },
    { sourcePort, destinationPort, sequence, flags: TCP_RST },
  );
}
