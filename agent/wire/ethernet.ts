export const ETHERNET_HEADER_BYTES = 14;

/** Bytes in front of a frame that bring the IP header behind it to a whole word. */
export const FRAME_PADDING = 2;

/** How packets of one family leave: from which of our addresses, and to whom on the link. */
export interface FamilyRoute {
  /** 16 bytes, IPv4 mapped. */
  readonly source: Uint8Array;
  /** 6 bytes. */
  readonly nextHopMac: Uint8Array;
}

/** Headers of the frames that carry our packets; null where we have no route of the family. */
export interface EthernetHeaders {
  readonly ipv4: Uint8Array | null;
  readonly ipv6: Uint8Array | null;
}

export function ethernetHeaders(
  { ipv4, ipv6 }: { readonly ipv4: FamilyRoute | null; readonly ipv6: FamilyRoute | null },
  macAddress: Uint8Array,
): EthernetHeaders {
  return {
    ipv4: ipv4 === null ? null : ethernetHeader(ipv4, macAddress, 0x0800),
    ipv6: ipv6 === null ? null : ethernetHeader(ipv6, macAddress, 0x86dd),
  };
}

function ethernetHeader(route: FamilyRoute, sourceMac: Uint8Array, type: number): Uint8Array {
  const header = new Uint8Array(ETHERNET_HEADER_BYTES);
  header.set(route.nextHopMac);
  header.set(sourceMac, 6);
  header[12] = type >>> 8;
  header[13] = type;
  return header;
}
