import { u8, u16 } from "../packet/ip.js";

/** LINKTYPE_ values of tcpdump.org; 12 and 14 are DLT_RAW of other systems, found in old files. */
const NULL = 0;
const ETHERNET = 1;
const RAW_DLT = 12;
const RAW_DLT_OPENBSD = 14;
const RAW = 101;
const LOOP = 108;
const LINUX_SLL = 113;
const IPV4 = 228;
const IPV6 = 229;
const LINUX_SLL2 = 276;

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
/** IEEE 802.1Q, 802.1ad, and the tag that came before 802.1ad. */
const VLAN_TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100]);

/** Where the IP packet begins in a frame, or null when the frame carries something else or ends too early. */
type LinkType = (frame: Uint8Array) => number | null;

const rawIp: LinkType = (frame) => ipAt(frame, 0);
/** The four bytes are an address family, whose numbers differ between systems: the IP version tells as much. */
const loopback: LinkType = (frame) => ipAt(frame, 4);

const LINK_TYPES: ReadonlyMap<number, LinkType> = new Map([
  [NULL, loopback],
  [LOOP, loopback],
  [ETHERNET, (frame) => behindEthertype(frame, 12)],
  [RAW, rawIp],
  [RAW_DLT, rawIp],
  [RAW_DLT_OPENBSD, rawIp],
  [IPV4, rawIp],
  [IPV6, rawIp],
  [LINUX_SLL, (frame) => behindEthertype(frame, 14)],
  [LINUX_SLL2, (frame) => behindProtocol(frame, u16(frame, 0), 20)],
]);

/** Whether packets of this link type can be read. */
export function knowsLinkType(linkType: number): boolean {
  return LINK_TYPES.has(linkType);
}

/** The IP packet in a frame: a view; null when there is none. */
export function packetInFrame(linkType: number, frame: Uint8Array): Uint8Array | null {
  const at = LINK_TYPES.get(linkType)?.(frame) ?? null;
  return at === null ? null : frame.subarray(at);
}

function behindEthertype(frame: Uint8Array, at: number): number | null {
  return behindProtocol(frame, u16(frame, at), at + 2);
}

/** Skips VLAN tags: each is two bytes of control information and the next protocol. */
function behindProtocol(frame: Uint8Array, first: number, behind: number): number | null {
  let protocol = first;
  let at = behind;
  while (VLAN_TAGS.has(protocol)) {
    protocol = u16(frame, at + 2);
    at += 4;
  }
  return (protocol === ETHERTYPE_IPV4 || protocol === ETHERTYPE_IPV6) && at < frame.length ? at : null;
}

function ipAt(frame: Uint8Array, at: number): number | null {
  const version = u8(frame, at) >>> 4;
  return version === 4 || version === 6 ? at : null;
}
