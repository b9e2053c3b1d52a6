import { createHash, createHmac } from "node:crypto";
import { fold16, sum16 } from "../packet/checksum.js";
import { u32 } from "../packet/ip.js";
import { put16, put32, put64 } from "../packet/write.js";

/**
 * What both ends of a connection derive from their keys. Version 0 hashes with SHA-1 (RFC 6824 section 3.1), version 1
 * with SHA-256 (RFC 8684 section 3.1).
 */
export type MptcpVersion = 0 | 1;

const ALGORITHMS = ["sha1", "sha256"] as const;

/** The most significant 32 bits of the key's hash: how an MP_JOIN names the connection. */
export function tokenOf(version: MptcpVersion, key: bigint): number {
  return u32(hashOf(version, key), 0);
}

/** Initial data sequence number: the least significant 64 bits of the key's hash. */
export function idsnOf(version: MptcpVersion, key: bigint): bigint {
  return hashOf(version, key).readBigUInt64BE(ALGORITHMS[version] === "sha1" ? 12 : 24);
}

/**
 * HMAC of an MP_JOIN (section 3.2): keyed with the sender's key in front of the receiver's, over the nonces in the same
 * order. The SYN/ACK carries its leftmost 64 bits, the third ACK the leftmost 160.
 */
export function joinHmac(
  version: MptcpVersion,
  { ownKey, otherKey, ownNonce, otherNonce }: JoinSecrets,
): { readonly truncated: bigint; readonly leftmost160: Uint8Array } {
  const message = new Uint8Array(8);
  put32(message, 0, ownNonce);
  put32(message, 4, otherNonce);
  const digest = createHmac(ALGORITHMS[version], keyBytes(ownKey, otherKey)).update(message).digest();
  return { truncated: digest.readBigUInt64BE(0), leftmost160: digest.subarray(0, 20) };
}

/** Of the side that makes the HMAC and of the other. */
export interface JoinSecrets {
  readonly ownKey: bigint;
  readonly otherKey: bigint;
  readonly ownNonce: number;
  readonly otherNonce: number;
}

/**
 * HMAC of a version 1 ADD_ADDR (RFC 8684 section 3.4.1): the rightmost 64 bits over id, address and port. `address` has 4
 * or 16 bytes.
 */
export function addAddrHmac(
  keys: { readonly ownKey: bigint; readonly otherKey: bigint },
  announced: { readonly addressId: number; readonly address: Uint8Array; readonly port: number | null },
): bigint {
  const { addressId, address, port } = announced;
  const message = new Uint8Array(address.length + 3);
  message[0] = addressId;
  message.set(address, 1);
  put16(message, address.length + 1, port ?? 0);
  return createHmac("sha256", keyBytes(keys.ownKey, keys.otherKey)).update(message).digest().readBigUInt64BE(24);
}

/** What a DSS checksum is computed over (RFC 8684 section 3.3.1), besides the data. */
export interface DataMapping {
  /** The whole 64 bits, whatever the option carries. */
  readonly dataSequence: bigint;
  readonly subflowSequence: number;
  readonly dataLength: number;
}

/** The checksum of a mapping and its data. */
export function dataChecksum({ dataSequence, subflowSequence, dataLength }: DataMapping, data: Uint8Array): number {
  const pseudoHeader = new Uint8Array(16);
  put64(pseudoHeader, 0, dataSequence);
  put32(pseudoHeader, 8, subflowSequence);
  put16(pseudoHeader, 12, dataLength);
  return fold16(sum16(data, 0, data.length, sum16(pseudoHeader, 0, pseudoHeader.length)));
}

function hashOf(version: MptcpVersion, key: bigint): Buffer {
  const bytes = new Uint8Array(8);
  put64(bytes, 0, key);
  return createHash(ALGORITHMS[version]).update(bytes).digest();
}

function keyBytes(first: bigint, second: bigint): Uint8Array {
  const bytes = new Uint8Array(16);
  put64(bytes, 0, first);
  put64(bytes, 8, second);
  return bytes;
}
