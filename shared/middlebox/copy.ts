import { u32 } from "../packet/ip.js";
import { put32 } from "../packet/write.js";
import type { BehaviourOf } from "./behaviour.js";
import { matches } from "./match.js";
import { edited, withOptions } from "./rewrite.js";
import type { PacketRule } from "./rule.js";
import { segmentOf } from "./segment.js";

/** Sends segments twice. */
export function createCopy({ when }: BehaviourOf<"duplicate">): PacketRule {
  return (packet, direction, aside) => {
    const segment = segmentOf(packet, direction);
    if (segment !== null && matches(when, segment)) aside.on(packet.slice());
    return packet;
  };
}

/** Splits data into two segments, as segmentation hardware does: both get the options, or one of them. */
export function createSplit({ bytes, options }: BehaviourOf<"split">): PacketRule {
  return (packet, direction, aside) => {
    const segment = segmentOf(packet, direction);
    if (segment === null || segment.tcp.payload.length <= bytes) return packet;
    const { ip, tcp } = segment;
    const payloadAt = ip.headerBytes + tcp.headerBytes;
    const end = payloadAt + tcp.payload.length;
    const none = new Uint8Array(0);
    const first = packet.slice(0, payloadAt + bytes);
    const second = Buffer.concat([packet.subarray(0, payloadAt), packet.subarray(payloadAt + bytes, end)]);
    const part = (half: Uint8Array, keeps: boolean, offset: number): Uint8Array => {
      const header = { ...ip, totalBytes: half.length };
      const moved = edited(half, header, (copy) =>
        put32(copy, ip.headerBytes + 4, u32(copy, ip.headerBytes + 4) + offset),
      );
      return keeps ? moved : withOptions(moved, header, none);
    };
    aside.on(part(first, options !== "second", 0));
    return part(second, options !== "first", bytes);
  };
}
