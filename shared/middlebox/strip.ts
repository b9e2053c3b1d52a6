import { OPTION_END, OPTION_NOP } from "../option/tcp-options.js";
import type { BehaviourOf } from "./behaviour.js";
import { createFlows } from "./flows.js";
import { matches } from "./match.js";
import { edited, withOptions } from "./rewrite.js";
import type { PacketRule } from "./rule.js";
import { flowOf, mptcpSubtype, segmentOf } from "./segment.js";

/** Takes options out: cuts their bytes, so that the header shrinks, or fills them with NOPs (as Linux' TCPOPTSTRIP). */
export function createStrip({ when, options: kinds, subtypes, fill, afterPackets }: BehaviourOf<"strip">): PacketRule {
  const seen = createFlows<number>();
  return (packet, direction) => {
    const segment = segmentOf(packet, direction);
    if (segment === null || !matches(when, segment)) return packet;
    const { ip, tcp, options } = segment;
    if (afterPackets !== undefined) {
      const flow = flowOf(segment);
      const count = seen.get(flow) ?? 0;
      if (count < afterPackets) {
        seen.set(flow, count + 1);
        return packet;
      }
    }
    const goes = options.filter(
      (option) =>
        kinds.includes(option.kind) && (subtypes === undefined || subtypes.includes(mptcpSubtype(option) ?? -1)),
    );
    if (goes.length === 0) return packet;
    if (fill === "nop") {
      const at = ip.headerBytes + (tcp.headerBytes - tcp.options.length);
      return edited(packet, ip, (copy) => {
        for (const { offset, bytes } of goes) copy.fill(OPTION_NOP, at + offset, at + offset + bytes.length);
      });
    }
    const kept = options.filter((option) => !goes.includes(option) && option.kind !== OPTION_END);
    return withOptions(packet, ip, Buffer.concat(kept.map(({ bytes }) => bytes)));
  };
}
