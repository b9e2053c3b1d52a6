import { createHash } from "node:crypto";
import { CATALOGUE_VERSION } from "../../shared/middlebox/catalogue.js";
import { u32 } from "../../shared/packet/ip.js";
import { createSipHash20 } from "../../shared/probe/siphash.js";

/** What is drawn: draws of one address with different names are independent. At most 32. */
const DRAWS = [
  "connection",
  "loss",
  "vantage",
  "dark",
  "host",
  "server",
  "mptcp",
  "personality",
  "carrier",
  "inner",
  "router",
  "delay",
  "header-box",
  "option-box",
  "echo-box",
  "behaviour",
] as const;
export type Draw = (typeof DRAWS)[number];

export type Weighted<T> = readonly (readonly [weight: number, value: T])[];

/** Everything that is left to chance in a simulated world: the same for the same seed, whoever asks and when. */
export interface SimHash {
  /** Four words of 32 bits; the same array at every call. `address` has 16 bytes. */
  of(what: Draw, address: Uint8Array, number?: number): Uint32Array;
  /** In [0, 1). */
  share(what: Draw, address: Uint8Array, number?: number): number;
  /** One of the values, with a chance that is its weight among all weights. */
  pick<T>(what: Draw, address: Uint8Array, values: Weighted<T>, number?: number): T;
}

export function createSimHash(seed: string | number): SimHash {
  const key = createHash("sha256").update(`parallax simulator ${CATALOGUE_VERSION} ${seed}`).digest().subarray(0, 16);
  const hash = createSipHash20(key, 2, 4);
  const of = (what: Draw, address: Uint8Array, number = 0): Uint32Array => {
    const first = (DRAWS.indexOf(what) << 27) ^ number;
    return hash(first, u32(address, 0), u32(address, 4), u32(address, 8), u32(address, 12));
  };
  const share = (what: Draw, address: Uint8Array, number?: number): number =>
    (of(what, address, number)[0] as number) / 2 ** 32;
  return {
    of,
    share,
    pick(what, address, values, number) {
      const [first, ...others] = values;
      if (first === undefined) throw new RangeError("nothing to pick from");
      let left = share(what, address, number) * values.reduce((sum, [weight]) => sum + weight, 0) - first[0];
      let picked = first[1];
      for (const [weight, value] of others) {
        if (left < 0) break;
        left -= weight;
        picked = value;
      }
      return picked;
    },
  };
}
