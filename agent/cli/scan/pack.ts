import { createHash } from "node:crypto";
import { createRangeSet } from "../../../shared/target/ranges.js";
import type { AskedTargets } from "../targets.js";

/** Targets in base64: of each IPv4 range the first and last address, little-endian; of IPv6 16 bytes an address. */
export interface PackedTargets {
  readonly ipv4: string;
  readonly ipv6: string;
}

export function packTargets({ ipv4, ipv6 }: AskedTargets): PackedTargets {
  const ends = Buffer.alloc(8 * ipv4.ranges.length);
  for (const [i, { first, last }] of ipv4.ranges.entries()) {
    ends.writeUInt32LE(first, 8 * i);
    ends.writeUInt32LE(last, 8 * i + 4);
  }
  return { ipv4: ends.toString("base64"), ipv6: Buffer.concat(ipv6).toString("base64") };
}

/** Inverse of `packTargets`. Throws RangeError for anything else. */
export function unpackTargets({ ipv4, ipv6 }: PackedTargets): AskedTargets {
  const ends = Buffer.from(ipv4, "base64");
  const addresses = Buffer.from(ipv6, "base64");
  if (ends.length % 8 !== 0 || addresses.length % 16 !== 0) throw new RangeError("these are no packed targets");
  return {
    ipv4: createRangeSet(
      Array.from({ length: ends.length / 8 }, (_, i) => ({
        first: ends.readUInt32LE(8 * i),
        last: ends.readUInt32LE(8 * i + 4),
      })),
    ),
    ipv6: Array.from({ length: addresses.length / 16 }, (_, i) =>
      Uint8Array.from(addresses.subarray(16 * i, 16 * i + 16)),
    ),
  };
}

/** Tells targets apart, for a message: how many, and the beginning of a digest. */
export function nameTargets(targets: AskedTargets): string {
  const { ipv4, ipv6 } = packTargets(targets);
  const digest = createHash("sha256").update(`${ipv4} ${ipv6}`).digest("hex").slice(0, 12);
  return `${targets.ipv4.size + targets.ipv6.length} addresses (${digest})`;
}
