import { ipv4FromNumber } from "../address/address.js";
import { u8, u16, u32 } from "../packet/ip.js";
import { OPTION_MPTCP } from "./tcp-options.js";

/** Opens a connection (RFC 6824 section 3.1 for version 0, RFC 8684 section 3.1 for version 1). */
export interface MpCapable {
  readonly kind: "MP_CAPABLE";
  readonly version: 0 | 1;
  /** Flag A. */
  readonly checksumRequired: boolean;
  /** Flag B: must be 0. */
  readonly extensibility: boolean;
  /** Flag C (version 1): no subflows to this address. */
  readonly noJoin: boolean;
  /** Flags D to H, D the highest of the five bits; H (1) is HMAC-SHA1 in version 0, HMAC-SHA256 in version 1. */
  readonly algorithms: number;
  /** Key of the side that sends the option; null in the SYN of version 1. */
  readonly senderKey: bigint | null;
  readonly receiverKey: bigint | null;
  /** Bytes of data in this segment, where the ACK of version 1 carries some. */
  readonly dataLength: number | null;
  readonly checksum: number | null;
}

/** Adds a subflow (RFC 8684 section 3.2): the form follows from the length. */
export type MpJoin =
  | {
      readonly kind: "MP_JOIN";
      readonly form: "SYN";
      readonly backup: boolean;
      readonly addressId: number;
      readonly token: number;
      readonly nonce: number;
    }
  | {
      readonly kind: "MP_JOIN";
      readonly form: "SYN/ACK";
      readonly backup: boolean;
      readonly addressId: number;
      /** Leftmost 64 bits. */
      readonly truncatedHmac: bigint;
      readonly nonce: number;
    }
  /** Leftmost 160 bits: a view. */
  | { readonly kind: "MP_JOIN"; readonly form: "ACK"; readonly hmac: Uint8Array };

/** Maps a subflow's bytes to the connection's (RFC 8684 section 3.3). */
export interface Dss {
  readonly kind: "DSS";
  /** Flag F. */
  readonly dataFin: boolean;
  /** Null without flag A. */
  readonly dataAck: { readonly bytes: 4 | 8; readonly value: bigint } | null;
  /** Null without flag M. */
  readonly mapping: {
    readonly bytes: 4 | 8;
    readonly dataSequence: bigint;
    readonly subflowSequence: number;
    readonly dataLength: number;
    readonly checksum: number | null;
  } | null;
}

/** Announces an address. Version 0 names the family (RFC 6824 section 3.4.1), version 1 signs (RFC 8684 section 3.4.1). */
export interface AddAddr {
  readonly kind: "ADD_ADDR";
  readonly version: 0 | 1;
  /** Flag E (version 1): a confirmation, without HMAC. */
  readonly echo: boolean;
  readonly addressId: number;
  /** 16 bytes, IPv4 mapped. */
  readonly address: Uint8Array;
  readonly port: number | null;
  /** Rightmost 64 bits. */
  readonly truncatedHmac: bigint | null;
}

/** Why a subflow was reset (RFC 8684 section 3.6). */
export interface MpTcpRst {
  readonly kind: "MP_TCPRST";
  /** Flags U, V and W, U the highest of the three bits. */
  readonly reserved: number;
  /** Flag T. */
  readonly transient: boolean;
  readonly reason: number;
}

/** A Multipath TCP option (kind 30), by subtype. */
export type MptcpOption =
  | MpCapable
  | MpJoin
  | Dss
  | AddAddr
  | { readonly kind: "REMOVE_ADDR"; readonly addressIds: readonly number[] }
  /** Version 0 may name the address whose priority changes. */
  | { readonly kind: "MP_PRIO"; readonly backup: boolean; readonly addressId: number | null }
  | { readonly kind: "MP_FAIL"; readonly dataSequence: bigint }
  | { readonly kind: "MP_FASTCLOSE"; readonly receiverKey: bigint }
  | MpTcpRst
  /** No subtype of either version, or an MP_CAPABLE of a later version. `data` is all behind the length byte. */
  | { readonly kind: "unknown"; readonly subtype: number; readonly data: Uint8Array }
  /** A subtype at a length that it cannot have; null when there is no subtype to name. */
  | { readonly kind: "malformed"; readonly subtype: number | null; readonly data: Uint8Array };

const DECODERS: readonly ((bytes: Uint8Array) => MptcpOption | null)[] = [
  decodeCapable,
  decodeJoin,
  decodeDss,
  decodeAddAddr,
  decodeRemoveAddr,
  decodePriority,
  decodeFail,
  decodeFastClose,
  decodeReset,
];

/**
 * Decodes a whole option, kind and length bytes included. Never throws: an option with an impossible length, or that is
 * no option 30 at all, is `malformed`. Byte arrays in the result are views, except addresses.
 */
export function decodeMptcp(bytes: Uint8Array): MptcpOption {
  if (bytes.length < 3 || bytes[0] !== OPTION_MPTCP || bytes[1] !== bytes.length) {
    return { kind: "malformed", subtype: null, data: bytes.subarray(2) };
  }
  const subtype = u8(bytes, 2) >>> 4;
  const decode = DECODERS[subtype];
  if (decode === undefined) return { kind: "unknown", subtype, data: bytes.subarray(2) };
  return decode(bytes) ?? { kind: "malformed", subtype, data: bytes.subarray(2) };
}

const CAPABLE_LENGTHS: readonly (readonly number[])[] = [
  [12, 20],
  [4, 12, 20, 22, 24],
];

function decodeCapable(bytes: Uint8Array): MptcpOption | null {
  const version = u8(bytes, 2) & 0x0f;
  if (version !== 0 && version !== 1) return { kind: "unknown", subtype: 0, data: bytes.subarray(2) };
  if (!CAPABLE_LENGTHS[version]?.includes(bytes.length)) return null;
  const flags = u8(bytes, 3);
  return {
    kind: "MP_CAPABLE",
    version,
    checksumRequired: (flags & 0x80) !== 0,
    extensibility: (flags & 0x40) !== 0,
    noJoin: version === 1 && (flags & 0x20) !== 0,
    algorithms: flags & 0x1f,
    senderKey: bytes.length >= 12 ? u64(bytes, 4) : null,
    receiverKey: bytes.length >= 20 ? u64(bytes, 12) : null,
    dataLength: bytes.length >= 22 ? u16(bytes, 20) : null,
    checksum: bytes.length === 24 ? u16(bytes, 22) : null,
  };
}

function decodeJoin(bytes: Uint8Array): MptcpOption | null {
  if (bytes.length === 24) return { kind: "MP_JOIN", form: "ACK", hmac: bytes.subarray(4) };
  const backup = (u8(bytes, 2) & 1) !== 0;
  const addressId = u8(bytes, 3);
  if (bytes.length === 12) {
    return { kind: "MP_JOIN", form: "SYN", backup, addressId, token: u32(bytes, 4), nonce: u32(bytes, 8) };
  }
  if (bytes.length !== 16) return null;
  return { kind: "MP_JOIN", form: "SYN/ACK", backup, addressId, truncatedHmac: u64(bytes, 4), nonce: u32(bytes, 12) };
}

function decodeDss(bytes: Uint8Array): MptcpOption | null {
  const flags = u8(bytes, 3);
  const ackBytes = (flags & 0x02) === 0 ? 4 : 8;
  const sequenceBytes = (flags & 0x08) === 0 ? 4 : 8;
  const hasAck = (flags & 0x01) !== 0;
  const hasMapping = (flags & 0x04) !== 0;
  const mappingAt = 4 + (hasAck ? ackBytes : 0);
  const end = mappingAt + (hasMapping ? sequenceBytes + 6 : 0);
  const hasChecksum = hasMapping && bytes.length === end + 2;
  if (bytes.length !== end && !hasChecksum) return null;
  return {
    kind: "DSS",
    dataFin: (flags & 0x10) !== 0,
    dataAck: hasAck ? { bytes: ackBytes, value: unsigned(bytes, 4, ackBytes) } : null,
    mapping: hasMapping
      ? {
          bytes: sequenceBytes,
          dataSequence: unsigned(bytes, mappingAt, sequenceBytes),
          subflowSequence: u32(bytes, mappingAt + sequenceBytes),
          dataLength: u16(bytes, mappingAt + sequenceBytes + 4),
          checksum: hasChecksum ? u16(bytes, end) : null,
        }
      : null,
  };
}

/** Length with its HMAC and port taken off: 8 or 20. The low bits tell the versions apart: 4 and 6 are families. */
function decodeAddAddr(bytes: Uint8Array): MptcpOption | null {
  const low = u8(bytes, 2) & 0x0f;
  const version = low === 4 || low === 6 ? 0 : 1;
  const echo = version === 1 && (low & 1) !== 0;
  const hmacBytes = version === 1 && !echo ? 8 : 0;
  const unsignedBytes = bytes.length - hmacBytes;
  const family = unsignedBytes === 8 || unsignedBytes === 10 ? 4 : unsignedBytes === 20 || unsignedBytes === 22 ? 6 : 0;
  if (family === 0 || (version === 0 && family !== low)) return null;
  const addressEnd = family === 4 ? 8 : 20;
  const hasPort = unsignedBytes > addressEnd;
  return {
    kind: "ADD_ADDR",
    version,
    echo,
    addressId: u8(bytes, 3),
    address: family === 4 ? ipv4FromNumber(u32(bytes, 4)) : bytes.slice(4, 20),
    port: hasPort ? u16(bytes, addressEnd) : null,
    truncatedHmac: hmacBytes > 0 ? u64(bytes, unsignedBytes) : null,
  };
}

function decodeRemoveAddr(bytes: Uint8Array): MptcpOption | null {
  return bytes.length < 4 ? null : { kind: "REMOVE_ADDR", addressIds: [...bytes.subarray(3)] };
}

function decodePriority(bytes: Uint8Array): MptcpOption | null {
  if (bytes.length > 4) return null;
  const addressId = bytes.length === 4 ? u8(bytes, 3) : null;
  return { kind: "MP_PRIO", backup: (u8(bytes, 2) & 1) !== 0, addressId };
}

function decodeFail(bytes: Uint8Array): MptcpOption | null {
  return bytes.length === 12 ? { kind: "MP_FAIL", dataSequence: u64(bytes, 4) } : null;
}

function decodeFastClose(bytes: Uint8Array): MptcpOption | null {
  return bytes.length === 12 ? { kind: "MP_FASTCLOSE", receiverKey: u64(bytes, 4) } : null;
}

function decodeReset(bytes: Uint8Array): MptcpOption | null {
  if (bytes.length !== 4) return null;
  const flags = u8(bytes, 2);
  return { kind: "MP_TCPRST", reserved: (flags >>> 1) & 7, transient: (flags & 1) !== 0, reason: u8(bytes, 3) };
}

function unsigned(bytes: Uint8Array, at: number, length: 4 | 8): bigint {
  return length === 8 ? u64(bytes, at) : BigInt(u32(bytes, at));
}

function u64(bytes: Uint8Array, at: number): bigint {
  return (BigInt(u32(bytes, at)) << 32n) | BigInt(u32(bytes, at + 4));
}
