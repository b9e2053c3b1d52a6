export const ETHERNET_HEADER_BYTES = 14;
export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_IPV6 = 0x86dd;

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
    ipv4: ipv4 === null ? null : ethernetHeader(ipv4, macAddress, ETHERTYPE_IPV4),
    ipv6: ipv6 === null ? null : ethernetHeader(ipv6, macAddress, ETHERTYPE_IPV6),
  };
}

/** The byte of a header that tells the families apart: the first of its EtherType. */
const TYPE_AT = 12;

/**
 * Makes the frame at byte `at` begin with the header of its packet's family. It is copied only when that of the other
 * family lies there, or none. Throws RangeError when there is no route of the family.
 */
export function putEthernetHeader(headers: EthernetHeaders, memory: Uint8Array, at: number): void {
  const family = (memory[at + ETHERNET_HEADER_BYTES] as number) >>> 4;
  const header = family === 4 ? headers.ipv4 : headers.ipv6;
  if (header === null) throw new RangeError(`no route for a packet of IPv${family}`);
  if (memory[at + TYPE_AT] !== header[TYPE_AT]) memory.set(header, at);
}

function ethernetHeader(route: FamilyRoute, sourceMac: Uint8Array, type: number): Uint8Array {
  const header = new Uint8Array(ETHERNET_HEADER_BYTES);
  header.set(route.nextHopMac);
  header.set(sourceMac, 6);
  header[12] = type >>> 8;
  header[13] = type;
  return header;
}
