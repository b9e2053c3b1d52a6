import { OPTION_WINDOW_SCALE } from "../option/tcp-options.js";
import { u8, u32 } from "../packet/ip.js";
import { put16, put32 } from "../packet/write.js";
import type { BehaviourOf } from "./behaviour.js";
import { matches } from "./match.js";
import { edited } from "./rewrite.js";
import type { PacketRule } from "./rule.js";
import { type Segment, segmentOf } from "./segment.js";

/** Writes a number into a header field of each segment. */
export function createSetField({ when, field, value }: BehaviourOf<"set">): PacketRule {
  return (packet, direction) => {
    const segment = segmentOf(packet, direction);
    if (segment === null || !matches(when, segment)) return packet;
    return edited(packet, segment.ip, (copy) => write(copy, segment, field, value));
  };
}

function write(copy: Uint8Array, segment: Segment, field: BehaviourOf<"set">["field"], value: number): void {
  const isIpv4 = segment.ip.family === 4;
  const tcp = segment.ip.headerBytes;
  switch (field) {
    case "ttl":
      copy[isIpv4 ? 8 : 7] = value;
      return;
    case "dscp":
      setTrafficClass(copy, isIpv4, 0x03, value << 2);
      return;
    case "ecn":
      setTrafficClass(copy, isIpv4, 0xfc, value & 3);
      return;
    case "ip-id":
      if (isIpv4) put16(copy, 4, value);
      return;
    case "dont-fragment":
      if (isIpv4) copy[6] = (u8(copy, 6) & 0xbf) | (value === 0 ? 0 : 0x40);
      return;
    case "flow-label":
      if (!isIpv4) put32(copy, 0, (u32(copy, 0) & 0xfff0_0000) | (value & 0xf_ffff));
      return;
    case "tcp-reserved":
      copy[tcp + 12] = (u8(copy, tcp + 12) & 0xf0) | (value & 0x0f);
      return;
    case "tcp-window":
      put16(copy, tcp + 14, value);
      return;
    case "tcp-window-scale": {
      const option = segment.options.find(({ kind }) => kind === OPTION_WINDOW_SCALE);
      if (option !== undefined) copy[tcp + 20 + option.offset + 2] = value;
      return;
    }
    case "tcp-urgent":
      put16(copy, tcp + 18, value);
      return;
  }
}

/** Keeps the bits of `keep` of the traffic class and sets `bits`. */
function setTrafficClass(copy: Uint8Array, isIpv4: boolean, keep: number, bits: number): void {
  if (isIpv4) {
    copy[1] = (u8(copy, 1) & keep) | bits;
    return;
  }
  const trafficClass = ((((u8(copy, 0) << 8) | u8(copy, 1)) >>> 4) & keep) | bits;
  copy[0] = 0x60 | ((trafficClass & 0xff) >>> 4);
  copy[1] = ((trafficClass & 0x0f) << 4) | (u8(copy, 1) & 0x0f);
}
