import { ETHERNET_HEADER_BYTES, ETHERTYPE_IPV4, ETHERTYPE_IPV6, type FamilyRoute } from "./ethernet.js";

/**
 * Makes what finds our packets among Ethernet frames: the IP packet in a frame, cut to the length that its header gives
 * (Ethernet pads short frames), or null when it is not addressed to one of our source addresses.
 */
export function createOwnPackets({
  ipv4,
  ipv6,
}: {
  readonly ipv4: FamilyRoute | null;
  readonly ipv6: FamilyRoute | null;
}): (frame: Uint8Array) => Uint8Array | null {
  const source4 = ipv4 === null ? null : ipv4.source.slice(12);
  const source6 = ipv6 === null ? null : ipv6.source.slice();

  return (frame) => {
    const start = ETHERNET_HEADER_BYTES;
    const type = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
    if (type === ETHERTYPE_IPV4 && source4 !== null && frame.length >= start + 20) {
      if (!same(frame, start + 16, source4)) return null;
      const bytes = ((frame[start + 2] ?? 0) << 8) | (frame[start + 3] ?? 0);
      return frame.subarray(start, start + bytes);
    }
    if (type === ETHERTYPE_IPV6 && source6 !== null && frame.length >= start + 40) {
      if (!same(frame, start + 24, source6)) return null;
      const bytes = ((frame[start + 4] ?? 0) << 8) | (frame[start + 5] ?? 0);
      return frame.subarray(start, start + 40 + bytes);
    }
    return null;
  };
}

function same(frame: Uint8Array, at: number, address: Uint8Array): boolean {
  for (let i = 0; i < address.length; i++) {
    if (frame[at + i] !== address[i]) return false;
  }
  return true;
}
