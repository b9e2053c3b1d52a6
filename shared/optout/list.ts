import { createHash } from "node:crypto";
import { addressFamily } from "../address/address.js";
import type { Prefix } from "../address/prefix.js";
import { DecodeError } from "../errors.js";

/** Who has opted out, as it stands: what agents get and keep. */
export interface OptOutList {
  /** Grows with every change; 0: nobody has ever opted out. */
  readonly revision: number;
  /** SHA-256 of the packed prefixes, hexadecimal. */
  readonly hash: string;
  readonly prefixes: readonly Prefix[];
}

/** The address, and the length from the family's own first bit. */
const PACKED_PREFIX_BYTES = 17;

/** A list of these prefixes, without doubles. */
export function optOutList(revision: number, prefixes: readonly Prefix[]): OptOutList {
  const packed = prefixes.map((prefix) => Buffer.from([...prefix.address, prefix.length]));
  const distinct = packed.sort(Buffer.compare).filter((bytes, i) => i === 0 || !bytes.equals(packed[i - 1] ?? bytes));
  return {
    revision,
    hash: hashOf(Buffer.concat(distinct)),
    prefixes: distinct.flatMap((bytes) => unpackPrefixes(bytes)),
  };
}

export function packPrefixes(prefixes: readonly Prefix[]): Buffer {
  return Buffer.concat(prefixes.map(({ address, length }) => Buffer.from([...address, length])));
}

/** Throws DecodeError for bytes that are no prefixes, or prefixes with bits set behind their length. */
export function unpackPrefixes(bytes: Uint8Array): Prefix[] {
  if (bytes.length % PACKED_PREFIX_BYTES !== 0) throw new DecodeError("a packed prefix is cut off");
  return Array.from({ length: bytes.length / PACKED_PREFIX_BYTES }, (_, i) => {
    const at = i * PACKED_PREFIX_BYTES;
    const address = Uint8Array.from(bytes.subarray(at, at + 16));
    const length = bytes[at + 16] as number;
    const family = addressFamily(address);
    const bits = family === 4 ? length + 96 : length;
    if (bits > 128 || hasBitsFrom(address, bits))
      throw new DecodeError("a packed prefix has bits set behind its length");
    return { address, length, family };
  });
}

/** The list of a message's parts put together. Throws DecodeError when it is not what its hash says. */
export function unpackOptOuts(revision: number, hash: string, packed: Uint8Array): OptOutList {
  if (hashOf(packed) !== hash)
    throw new DecodeError(`the opt-outs of revision ${revision} are not what their hash says`);
  return { revision, hash, prefixes: unpackPrefixes(packed) };
}

function hashOf(packed: Uint8Array): string {
  return createHash("sha256").update(packed).digest("hex");
}

function hasBitsFrom(address: Uint8Array, from: number): boolean {
  for (let bit = from; bit < 128; bit++) {
    if (((address[bit >>> 3] as number) & (0x80 >>> (bit & 7))) !== 0) return true;
  }
  return false;
}
