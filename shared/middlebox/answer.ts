import { encodeTcpOptions, findOption, OPTION_MSS, timestampsOf } from "../option/tcp-options.js";
import type { BehaviourOf } from "./behaviour.js";
import { matches } from "./match.js";
import { synAckTo, timestampsOption } from "./reply.js";
import type { PacketRule } from "./rule.js";
import { type Segment, segmentKind, segmentOf } from "./segment.js";

/**
 * Answers SYNs with a SYN/ACK in the host's name, before the host does or instead of it: SYN proxies, transparent
 * proxies and those who inject. Such a box knows MSS and timestamps only.
 */
export function createAnswer({ when, alsoForwards, ttl, window }: BehaviourOf<"answer">): PacketRule {
  return (packet, direction, aside) => {
    const segment = direction === "forth" ? segmentOf(packet, direction) : null;
    if (segment === null || segmentKind(segment.tcp) !== "syn" || !matches(when, segment)) return packet;
    aside.back(synAckTo(segment, { ttl, window, sequence: cookieOf(segment), options: optionsFor(segment) }));
    return alsoForwards ? packet : null;
  };
}

/** A SYN cookie: of the connection, not of the time. */
function cookieOf({ tcp }: Segment): number {
  return Math.imul(tcp.sequence ^ 0x5bd1_e995, 0x9e37_79b1) >>> 0;
}

function optionsFor({ tcp }: Segment): Uint8Array {
  const mss = findOption(tcp.options, OPTION_MSS);
  const timestamps = timestampsOf(tcp.options);
  return encodeTcpOptions([
    ...(mss === undefined ? [] : [mss]),
    ...(timestamps === null ? [] : [timestampsOption(1, timestamps.value)]),
  ]);
}
