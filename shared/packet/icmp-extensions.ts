import { ipv4FromNumber } from "../address/address.js";
import { fold16, sum16 } from "./checksum.js";
import { u8, u16, u32 } from "./ip.js";

/** An entry of the label stack that the packet arrived with, outermost first (RFC 3032 section 2.1). */
export interface MplsLabel {
  readonly label: number;
  /** Three bits, traffic class today (RFC 5462). */
  readonly exp: number;
  readonly bottomOfStack: boolean;
  readonly ttl: number;
}

/**
 * Which interface of the router is described (RFC 5837 section 4.1): where the packet came in, the component of it below
 * IP, where the packet would have gone out, or the next hop there.
 */
export const INTERFACE_ROLES = ["incoming", "sub-ip", "outgoing", "next-hop"] as const;
export type InterfaceRole = (typeof INTERFACE_ROLES)[number];

/** An interface of the router; what it does not tell is null. */
export interface InterfaceInfo {
  readonly role: InterfaceRole;
  readonly index: number | null;
  /** 16 bytes, IPv4 mapped. */
  readonly address: Uint8Array | null;
  /** Bytes of UTF-8 text of the router's choice, without padding: a view. */
  readonly name: Uint8Array | null;
  readonly mtu: number | null;
}

/** An object of an extension structure. */
export type IcmpExtension =
  /** RFC 4950. */
  | { readonly kind: "mpls"; readonly labels: readonly MplsLabel[] }
  /** RFC 5837. */
  | ({ readonly kind: "interface" } & InterfaceInfo)
  /** Of another class, or of a form that its class does not have. `data` is a view. */
  | { readonly kind: "other"; readonly class: number; readonly type: number; readonly data: Uint8Array };

const HEADER_BYTES = 4;
const OBJECT_HEADER_BYTES = 4;
const VERSION = 2;
const CLASS_MPLS = 1;
const INCOMING_LABEL_STACK = 1;
const CLASS_INTERFACE = 2;
const LABEL_BYTES = 4;

/**
 * Objects of the extension structure behind a quote (RFC 4884 section 7). Never throws: bytes of another version, or with
 * a checksum that is neither right nor 0 (none was made), hold nothing that could be believed; an object that is cut off
 * or of impossible length ends the list.
 */
export function decodeIcmpExtensions(bytes: Uint8Array): IcmpExtension[] {
  if (bytes.length < HEADER_BYTES || u8(bytes, 0) >>> 4 !== VERSION) return [];
  if (u16(bytes, 2) !== 0 && fold16(sum16(bytes, 0, bytes.length)) !== 0) return [];
  const objects: IcmpExtension[] = [];
  for (let at = HEADER_BYTES; at + OBJECT_HEADER_BYTES <= bytes.length; ) {
    const length = u16(bytes, at);
    if (length < OBJECT_HEADER_BYTES || at + length > bytes.length) break;
    const data = bytes.subarray(at + OBJECT_HEADER_BYTES, at + length);
    objects.push(decodeObject(u8(bytes, at + 2), u8(bytes, at + 3), data));
    at += length;
  }
  return objects;
}

function decodeObject(classNumber: number, type: number, data: Uint8Array): IcmpExtension {
  const other: IcmpExtension = { kind: "other", class: classNumber, type, data };
  if (classNumber === CLASS_MPLS && type === INCOMING_LABEL_STACK) return decodeLabels(data) ?? other;
  return classNumber === CLASS_INTERFACE ? (decodeInterface(type, data) ?? other) : other;
}

/** RFC 4950 section 3: whole entries of 20, 3, 1 and 8 bits. */
function decodeLabels(data: Uint8Array): IcmpExtension | null {
  if (data.length === 0 || data.length % LABEL_BYTES !== 0) return null;
  const labels: MplsLabel[] = [];
  for (let at = 0; at < data.length; at += LABEL_BYTES) {
    const entry = u32(data, at);
    labels.push({
      label: entry >>> 12,
      exp: (entry >>> 9) & 7,
      bottomOfStack: (entry & 0x100) !== 0,
      ttl: entry & 0xff,
    });
  }
  return { kind: "mpls", labels };
}

/** Bits of the C-Type (RFC 5837 section 4.1): the role is in the two highest; two are reserved; then what is told. */
const HAS_INDEX = 0x08;
const HAS_ADDRESS = 0x04;
const HAS_NAME = 0x02;
const HAS_MTU = 0x01;
/** Address family numbers of IANA. */
const ADDRESS_BYTES: Readonly<Record<number, 4 | 16>> = { 1: 4, 2: 16 };
const ADDRESS_HEADER_BYTES = 4;
/** The length byte, and 63 bytes of name (section 4.3). */
const LONGEST_NAME_BYTES = 64;

/** What is told stands in this order: index, address, name, MTU. Null where it does not fit the data. */
function decodeInterface(type: number, data: Uint8Array): IcmpExtension | null {
  const indexBytes = (type & HAS_INDEX) === 0 ? 0 : 4;
  const hasAddress = (type & HAS_ADDRESS) !== 0;
  const addressBytes = hasAddress ? ADDRESS_BYTES[u16(data, indexBytes)] : 0;
  if (addressBytes === undefined) return null;
  const addressAt = indexBytes + ADDRESS_HEADER_BYTES;
  const nameAt = hasAddress ? addressAt + addressBytes : indexBytes;
  const hasName = (type & HAS_NAME) !== 0;
  const nameBytes = hasName ? u8(data, nameAt) : 0;
  if (hasName && (nameBytes < 1 || nameBytes > LONGEST_NAME_BYTES)) return null;
  const mtuAt = nameAt + nameBytes;
  const hasMtu = (type & HAS_MTU) !== 0;
  if (mtuAt + (hasMtu ? 4 : 0) > data.length) return null;
  return {
    kind: "interface",
    role: INTERFACE_ROLES[type >>> 6] ?? "incoming",
    index: indexBytes === 0 ? null : u32(data, 0),
    address: hasAddress ? mapped(data.subarray(addressAt, nameAt)) : null,
    name: hasName ? withoutPadding(data.subarray(nameAt + 1, mtuAt)) : null,
    mtu: hasMtu ? u32(data, mtuAt) : null,
  };
}

function mapped(address: Uint8Array): Uint8Array {
  return address.length === 4 ? ipv4FromNumber(u32(address, 0)) : address.slice();
}

function withoutPadding(name: Uint8Array): Uint8Array {
  return name.subarray(0, name.findLastIndex((byte) => byte !== 0) + 1);
}
