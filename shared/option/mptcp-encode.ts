import { addressFamily } from "../address/address.js";
import { put16, put32, put64 } from "../packet/write.js";
import type { AddAddr, Dss, MpCapable, MpJoin, MpTcpRst, MptcpOption } from "./mptcp.js";
import { OPTION_MPTCP } from "./tcp-options.js";

/** What has a wire form: everything but an option that was malformed when it was decoded. */
export type WellFormedMptcp = Exclude<MptcpOption, { kind: "malformed" }>;

/** Numbers of the subtypes (RFC 8684 section 7.2). */
const SUBTYPES = {
  MP_CAPABLE: 0,
  MP_JOIN: 1,
  DSS: 2,
  ADD_ADDR: 3,
  REMOVE_ADDR: 4,
  MP_PRIO: 5,
  MP_FAIL: 6,
  MP_FASTCLOSE: 7,
  MP_TCPRST: 8,
} as const;

/** Writes an MPTCP option, kind and length bytes included; reserved bits are 0 (RFC 6824, RFC 8684). */
export function encodeMptcp(option: WellFormedMptcp): Uint8Array {
  switch (option.kind) {
    case "MP_CAPABLE":
      return encodeCapable(option);
    case "MP_JOIN":
      return encodeJoin(option);
    case "DSS":
      return encodeDss(option);
    case "ADD_ADDR":
      return encodeAddAddr(option);
    case "REMOVE_ADDR":
      return withData(optionOf(option.kind, 3 + option.addressIds.length, 0), 3, option.addressIds);
    case "MP_PRIO": {
      const ids = option.addressId === null ? [] : [option.addressId];
      return withData(optionOf(option.kind, 3 + ids.length, option.backup ? 1 : 0), 3, ids);
    }
    case "MP_FAIL":
      return withWord(optionOf(option.kind, 12, 0), option.dataSequence);
    case "MP_FASTCLOSE":
      return withWord(optionOf(option.kind, 12, 0), option.receiverKey);
    case "MP_TCPRST":
      return encodeReset(option);
    case "unknown":
      return withData(emptyOption(2 + option.data.length), 2, option.data);
  }
}

function emptyOption(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes[0] = OPTION_MPTCP;
  bytes[1] = length;
  return bytes;
}

/** An option of a subtype; `low` are the four bits behind it. */
function optionOf(kind: keyof typeof SUBTYPES, length: number, low: number): Uint8Array {
  const bytes = emptyOption(length);
  bytes[2] = (SUBTYPES[kind] << 4) | low;
  return bytes;
}

function withData(bytes: Uint8Array, at: number, data: ArrayLike<number>): Uint8Array {
  bytes.set(data, at);
  return bytes;
}

function withWord(bytes: Uint8Array, word: bigint): Uint8Array {
  put64(bytes, 4, word);
  return bytes;
}

function encodeCapable(option: MpCapable): Uint8Array {
  const { senderKey, receiverKey, dataLength, checksum } = option;
  const keyBytes = senderKey === null ? 0 : receiverKey === null ? 8 : 16;
  const dataBytes = keyBytes < 16 || dataLength === null ? 0 : checksum === null ? 2 : 4;
  const bytes = optionOf(option.kind, 4 + keyBytes + dataBytes, option.version);
  bytes[3] =
    (option.checksumRequired ? 0x80 : 0) |
    (option.extensibility ? 0x40 : 0) |
    (option.noJoin ? 0x20 : 0) |
    option.algorithms;
  if (keyBytes >= 8) put64(bytes, 4, senderKey ?? 0n);
  if (keyBytes === 16) put64(bytes, 12, receiverKey ?? 0n);
  if (dataBytes >= 2) put16(bytes, 20, dataLength ?? 0);
  if (dataBytes === 4) put16(bytes, 22, checksum ?? 0);
  return bytes;
}

function encodeJoin(option: MpJoin): Uint8Array {
  if (option.form === "ACK") return withData(optionOf(option.kind, 24, 0), 4, option.hmac);
  const bytes = optionOf(option.kind, option.form === "SYN" ? 12 : 16, option.backup ? 1 : 0);
  bytes[3] = option.addressId;
  if (option.form === "SYN") put32(bytes, 4, option.token);
  else put64(bytes, 4, option.truncatedHmac);
  put32(bytes, bytes.length - 4, option.nonce);
  return bytes;
}

function encodeDss({ kind, dataFin, dataAck, mapping }: Dss): Uint8Array {
  const mappingAt = 4 + (dataAck?.bytes ?? 0);
  const mappingBytes = mapping === null ? 0 : mapping.bytes + (mapping.checksum === null ? 6 : 8);
  const bytes = optionOf(kind, mappingAt + mappingBytes, 0);
  let flags = dataFin ? 0x10 : 0;
  if (dataAck !== null) {
    flags |= dataAck.bytes === 8 ? 0x03 : 0x01;
    putSequence(bytes, 4, dataAck.value, dataAck.bytes);
  }
  if (mapping !== null) {
    flags |= mapping.bytes === 8 ? 0x0c : 0x04;
    putSequence(bytes, mappingAt, mapping.dataSequence, mapping.bytes);
    const subflowAt = mappingAt + mapping.bytes;
    put32(bytes, subflowAt, mapping.subflowSequence);
    put16(bytes, subflowAt + 4, mapping.dataLength);
    if (mapping.checksum !== null) put16(bytes, subflowAt + 6, mapping.checksum);
  }
  bytes[3] = flags;
  return bytes;
}

function putSequence(bytes: Uint8Array, at: number, value: bigint, size: 4 | 8): void {
  if (size === 8) put64(bytes, at, value);
  else put32(bytes, at, Number(value & 0xffffffffn));
}

function encodeAddAddr(option: AddAddr): Uint8Array {
  const family = addressFamily(option.address);
  const address = family === 4 ? option.address.subarray(12) : option.address;
  const portAt = 4 + address.length;
  const hmacAt = portAt + (option.port === null ? 0 : 2);
  const low = option.version === 0 ? family : option.echo ? 1 : 0;
  const bytes = optionOf(option.kind, hmacAt + (option.truncatedHmac === null ? 0 : 8), low);
  bytes[3] = option.addressId;
  bytes.set(address, 4);
  if (option.port !== null) put16(bytes, portAt, option.port);
  if (option.truncatedHmac !== null) put64(bytes, hmacAt, option.truncatedHmac);
  return bytes;
}

function encodeReset({ kind, reserved, transient, reason }: MpTcpRst): Uint8Array {
  const bytes = optionOf(kind, 4, (reserved << 1) | (transient ? 1 : 0));
  bytes[3] = reason;
  return bytes;
}
