/**
 * Targets of consecutive indices, in AssemblyScript: compiled to WebAssembly by `npm run generate`, so it is not a part
 * of the TypeScript program. What `permutation.ts` and `rank-index.ts` do for one index at a time, in 5 ns instead of 36.
 * `kernel.ts` is the other side of every address in here.
 */

// The plan, u32 each but for the size: the permutation's domain (u64), the bits of its lower half, the bits of a 32-bit
// word that each half does not have; how many ports; the shift of the rank index; where its tables are, and the ports.
const P_SIZE: usize = 0;
const P_LOW_BITS: usize = 8;
const P_HIGH_SHIFT: usize = 12;
const P_LOW_SHIFT: usize = 16;
const P_PORT_COUNT: usize = 20;
const P_RANK_SHIFT: usize = 24;
const P_PARTS: usize = 28;
const P_STARTS: usize = 32;
const P_OFFSETS: usize = 36;
const P_PORTS: usize = 40;
// Addend and factor of each round, each four times.
const KEYS: usize = 64;
// Halves of the permuted numbers, u32 each.
const HIGHS: usize = 320;
const LOWS: usize = 1344;
// What comes out for each index: its address, and its port in the lower half of a u32, both in network order.
const TARGETS: usize = 2368;

/** Writes the targets of `count` indices from `from` on: 256 at the most. */
export function writeTargets(from: f64, count: i32): void {
  const first = <u64>from;
  // A multiple of four may go beyond the domain; nothing is made of those.
  for (let i = 0; i < count; i += 4) permuteFour(first + <u64>i, <usize>i << 2);
  const size = load<u64>(P_SIZE);
  const lowSize = <u64>1 << <u64>load<u32>(P_LOW_BITS);
  const portCount = <u64>load<u32>(P_PORT_COUNT);
  const ports = <usize>load<u32>(P_PORTS);
  const end = <usize>count << 2;
  for (let at: usize = 0; at < end; at += 4) {
    let number = <u64>load<u32>(at, HIGHS) * lowSize + <u64>load<u32>(at, LOWS);
    while (number >= size) number = permute(number);
    let rank = number;
    let port: usize = 0;
    if (portCount > 1) {
      rank = number / portCount;
      port = <usize>(number - rank * portCount);
    }
    store<u32>(at << 1, bswap<u32>(addressAt(<u32>rank)), TARGETS);
    store<u32>(at << 1, <u32>load<u16>(ports + (port << 1)), TARGETS + 4);
  }
}

/** Eight rounds of the Feistel network over four indices at once. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function permuteFour(index: u64, at: usize): void {
  const lowBits = load<u32>(P_LOW_BITS);
  const highShift = load<u32>(P_HIGH_SHIFT);
  const lowShift = load<u32>(P_LOW_SHIFT);
  const mask = (1 << lowBits) - 1;
  const lows = i32x4.add(i32x4.splat(<u32>index & mask), i32x4(0, 1, 2, 3));
  let high = i32x4.add(i32x4.splat(<u32>(index >> <u64>lowBits)), i32x4.shr_u(lows, lowBits));
  let low = v128.and(lows, i32x4.splat(mask));
  high = v128.xor(high, i32x4.shr_u(mixFour(low, 0), highShift));
  low = v128.xor(low, i32x4.shr_u(mixFour(high, 32), lowShift));
  high = v128.xor(high, i32x4.shr_u(mixFour(low, 64), highShift));
  low = v128.xor(low, i32x4.shr_u(mixFour(high, 96), lowShift));
  high = v128.xor(high, i32x4.shr_u(mixFour(low, 128), highShift));
  low = v128.xor(low, i32x4.shr_u(mixFour(high, 160), lowShift));
  high = v128.xor(high, i32x4.shr_u(mixFour(low, 192), highShift));
  low = v128.xor(low, i32x4.shr_u(mixFour(high, 224), lowShift));
  v128.store(at, high, HIGHS);
  v128.store(at, low, LOWS);
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function mixFour(value: v128, key: usize): v128 {
  return i32x4.mul(i32x4.add(value, v128.load(KEYS + key)), v128.load(KEYS + key, 16));
}

/** The same for one number: cycle-walking, for those that came out beyond the domain. */
function permute(number: u64): u64 {
  const lowBits = load<u32>(P_LOW_BITS);
  const highShift = load<u32>(P_HIGH_SHIFT);
  const lowShift = load<u32>(P_LOW_SHIFT);
  let high = <u32>(number >> <u64>lowBits);
  let low = <u32>number & ((1 << lowBits) - 1);
  for (let key = KEYS; key < HIGHS; key += 64) {
    high ^= ((low + load<u32>(key)) * load<u32>(key, 16)) >> highShift;
    low ^= ((high + load<u32>(key, 32)) * load<u32>(key, 48)) >> lowShift;
  }
  return (<u64>high << <u64>lowBits) | <u64>low;
}

/** The address of a rank: a look-up of its part in buckets, and a binary search in the few that hold a border. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function addressAt(rank: u32): u32 {
  const bucket = <usize>load<u32>(P_PARTS) + (<usize>(rank >> load<u32>(P_RANK_SHIFT)) << 2);
  let low = load<u32>(bucket);
  let high = load<u32>(bucket, 4);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (load<u32>(<usize>load<u32>(P_STARTS) + (<usize>middle << 2)) <= rank) low = middle;
    else high = middle - 1;
  }
  return rank + load<u32>(<usize>load<u32>(P_OFFSETS) + (<usize>low << 2));
}
