/** Numbers that a seed determines; far faster than those of a generator that is safe. */
export interface Random {
  /** Unsigned 32 bits. */
  next(): number;
  /** An integer in [0, limit). */
  below(limit: number): number;
}

/** Marsaglia's xorshift128 ("Xorshift RNGs", 2003), its state spread from `seed` and a name by FNV-1a. */
export function createRandom(seed: number, name: string): Random {
  const state = Array.from({ length: 4 }, (_, i) => fnv1a(`${seed} ${name} ${i}`) | 1);
  let [x = 1, y = 1, z = 1, w = 1] = state;
  const next = (): number => {
    const t = x ^ (x << 11);
    x = y;
    y = z;
    z = w;
    w = w ^ (w >>> 19) ^ t ^ (t >>> 8);
    return w >>> 0;
  };
  return { next, below: (limit) => Math.floor((next() / 2 ** 32) * limit) };
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
