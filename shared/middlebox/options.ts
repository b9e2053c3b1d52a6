import { OPTION_END, OPTION_MSS, OPTION_NOP } from "../option/tcp-options.js";
import { u16 } from "../packet/ip.js";
import { TCP_SYN } from "../packet/tcp.js";
import { put16 } from "../packet/write.js";
import type { BehaviourOf } from "./behaviour.js";
import { isUnknownOption, matches } from "./match.js";
import { edited, withOptions } from "./rewrite.js";
import type { PacketRule } from "./rule.js";
import { segmentOf } from "./segment.js";

/** Turns the order of the options round, padding left out. */
export function createReorderOptions({ when }: BehaviourOf<"reorder-options">): PacketRule {
  return (packet, direction) => {
    const segment = segmentOf(packet, direction);
    if (segment === null || !matches(when, segment)) return packet;
    const options = segment.options.filter(({ kind }) => kind !== OPTION_END && kind !== OPTION_NOP);
    if (options.length < 2) return packet;
    return withOptions(packet, segment.ip, Buffer.concat(options.toReversed().map(({ bytes }) => bytes)));
  };
}

/** Cuts the option list off behind so many options that the box does not know. */
export function createTruncateOptions({ when, unknown }: BehaviourOf<"truncate-options">): PacketRule {
  return (packet, direction) => {
    const segment = segmentOf(packet, direction);
    if (segment === null || !matches(when, segment)) return packet;
    let left = unknown;
    const kept = segment.options.filter(({ kind }) => kind !== OPTION_END && (!isUnknownOption(kind) || left-- > 0));
    const cutAt = segment.options.findIndex((option) => isUnknownOption(option.kind) && !kept.includes(option));
    if (cutAt < 0) return packet;
    return withOptions(packet, segment.ip, Buffer.concat(segment.options.slice(0, cutAt).map(({ bytes }) => bytes)));
  };
}

/** Lowers the MSS of SYNs on their way forth, as routers before a narrower link do (Linux' TCPMSS). */
export function createClampMss({ mss }: BehaviourOf<"clamp-mss">): PacketRule {
  return (packet, direction) => {
    const segment = direction === "forth" ? segmentOf(packet, direction) : null;
    if (segment === null || (segment.tcp.flags & TCP_SYN) === 0) return packet;
    const option = segment.options.find(({ kind }) => kind === OPTION_MSS);
    if (option === undefined || u16(option.bytes, 2) <= mss) return packet;
    const at = segment.ip.headerBytes + 20 + option.offset + 2;
    return edited(packet, segment.ip, (copy) => put16(copy, at, mss));
  };
}
