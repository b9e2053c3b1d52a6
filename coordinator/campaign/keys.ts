import { createHash, createHmac } from "node:crypto";

export interface CampaignKeys {
  /** 16 bytes; keys every probe field. */
  readonly secret: Uint8Array;
  /** 16 bytes; the permutation keys of the sources come from it. */
  readonly permutationKey: Uint8Array;
}

/** The same seed gives the same keys (for labs and tests); without a seed they come from `random` (CSPRNG bytes). */
export function campaignKeys(seed: number | undefined, random: (bytes: number) => Uint8Array): CampaignKeys {
  const root = seed === undefined ? random(32) : createHash("sha256").update(`parallax seed ${seed}`).digest();
  return { secret: derive(root, "secret"), permutationKey: derive(root, "permutation") };
}

/** Each order of targets that sources name has a key of its own. */
export function sourcePermutationKey(permutationKey: Uint8Array, order: string): Uint8Array {
  return derive(permutationKey, order);
}

function derive(key: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(createHmac("sha256", key).update(purpose).digest().subarray(0, 16));
}
