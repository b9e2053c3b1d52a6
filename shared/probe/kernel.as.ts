/**
 * The inner loop of probing, in AssemblyScript: compiled to WebAssembly by `npm run generate`, so it is not a part of
 * the TypeScript program. It needs 64-bit arithmetic for every packet: 25 ns here, 170 to 280 ns on 32-bit halves in
 * JavaScript, microseconds with BigInt. `kernel.ts` is the other side of every address in here.
 *
 * A job's area: states of SipHash (four u64 each), the first as the key gives it, then at JOB_TEMPLATES one template for
 * each family and variant. A batch is an array of entries, one for each target, and one of slots, one for each packet.
 * All numbers are little-endian unless a comment says otherwise.
 */

// A job's area: the state that the key gives, the same after eight zero bytes, that of the present target.
const J_ZEROS: usize = 32;
const J_TARGET: usize = 64;
const JOB_TEMPLATES: usize = 128;
const TEMPLATE_BYTES: usize = 128;

// A template: u32 each, then the packet as it is for every target, its variable fields 0.
const T_KIND: usize = 0;
const T_BYTES: usize = 4;
const T_TCP_AT: usize = 8;
const T_TS_VALUE_AT: usize = 12;
const T_KEY_AT: usize = 16;
const T_IP_SUM: usize = 20;
const T_TCP_SUM: usize = 24;
const T_PACKET: usize = 32;

// An entry of a batch: the target's address (16 bytes, network order), its port, the first template of its family, TTL,
// a bit for each variant that is wanted, and the slot of the first of them.
const ENTRY_BYTES: usize = 32;
const E_PORT: usize = 16;
const E_TEMPLATES: usize = 18;
const E_TTL: usize = 19;
const E_VARIANTS: usize = 20;
const E_SLOT: usize = 24;

// A slot: where its packet goes; the packet's length comes back.
const SLOT_BYTES: usize = 8;
const S_LENGTH: usize = 4;

const FIRST_IPV6_TEMPLATE: u32 = 4;
const FIRST_SOURCE_PORT: u32 = 61000;
const PORTS_PER_VARIANT: u32 = 1134;

/** The 128 bits of the last hash; the second half only where it was asked for. */
let low: u64 = 0;
let high: u64 = 0;

// SipHash-2-4 with 128-bit output (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012) of 20 bytes: an
// address, then stage, variant and port. What a target's probes have in common comes first and is hashed once.

/** Two rounds over eight bytes of the message: from the state at `from` to that at `to`. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function absorb(from: usize, block: u64, to: usize): void {
  let v0 = load<u64>(from);
  let v1 = load<u64>(from, 8);
  let v2 = load<u64>(from, 16);
  let v3 = load<u64>(from, 24) ^ block;
  for (let r = 0; r < 2; r++) {
    v0 += v1; v1 = rotl(v1, 13); v1 ^= v0; v0 = rotl(v0, 32);
    v2 += v3; v3 = rotl(v3, 16); v3 ^= v2;
    v0 += v3; v3 = rotl(v3, 21); v3 ^= v0;
    v2 += v1; v1 = rotl(v1, 17); v1 ^= v2; v2 = rotl(v2, 32);
  }
  store<u64>(to, v0 ^ block);
  store<u64>(to, v1, 8);
  store<u64>(to, v2, 16);
  store<u64>(to, v3, 24);
}

/** The hash of what the state at `from` has absorbed and the last four bytes. `wide`: both halves of it. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function finish(from: usize, last: u32, wide: bool): void {
  const block = <u64>last | (<u64>20 << 56);
  let v0 = load<u64>(from);
  let v1 = load<u64>(from, 8);
  let v2 = load<u64>(from, 16);
  let v3 = load<u64>(from, 24) ^ block;
  for (let r = 0; r < 6; r++) {
    if (r == 2) {
      v0 ^= block;
      v2 ^= 0xee;
    }
    v0 += v1; v1 = rotl(v1, 13); v1 ^= v0; v0 = rotl(v0, 32);
    v2 += v3; v3 = rotl(v3, 16); v3 ^= v2;
    v0 += v3; v3 = rotl(v3, 21); v3 ^= v0;
    v2 += v1; v1 = rotl(v1, 17); v1 ^= v2; v2 = rotl(v2, 32);
  }
  low = v0 ^ v1 ^ v2 ^ v3;
  if (!wide) return;
  v1 ^= 0xdd;
  for (let r = 0; r < 4; r++) {
    v0 += v1; v1 = rotl(v1, 13); v1 ^= v0; v0 = rotl(v0, 32);
    v2 += v3; v3 = rotl(v3, 16); v3 ^= v2;
    v0 += v3; v3 = rotl(v3, 21); v3 ^= v0;
    v2 += v1; v1 = rotl(v1, 17); v1 ^= v2; v2 = rotl(v2, 32);
  }
  high = v0 ^ v1 ^ v2 ^ v3;
}

/** Writes the hash of the 20 bytes at `message` to `out` (16 bytes). `job` needs no templates. */
export function hash(job: usize, message: usize, out: usize): void {
  absorb(job, load<u64>(message), job + J_TARGET);
  absorb(job + J_TARGET, load<u64>(message, 8), job + J_TARGET);
  finish(job + J_TARGET, load<u32>(message, 16), true);
  store<u64>(out, low);
  store<u64>(out, high, 8);
}

/**
 * Writes the packets of `count` entries into slots. `time` is the upper part of TSval, its lowest 6 bits 0; `ttlMask` is
 * 63 where the TTL goes into IPID and TSval, else 0.
 */
export function writeProbes(job: usize, batch: usize, count: i32, slots: usize, time: u32, ttlMask: u32): void {
  absorb(job, 0, job + J_ZEROS);
  for (let i = 0; i < count; i++) {
    const entry = batch + <usize>i * ENTRY_BYTES;
    const first = <u32>load<u8>(entry, E_TEMPLATES);
    const state = job + J_TARGET;
    if (first < FIRST_IPV6_TEMPLATE) {
      absorb(job + J_ZEROS, load<u64>(entry, 8), state);
    } else {
      absorb(job, load<u64>(entry), state);
      absorb(state, load<u64>(entry, 8), state);
    }
    let slot = slots + <usize>load<u32>(entry, E_SLOT) * SLOT_BYTES;
    let wanted = <u32>load<u8>(entry, E_VARIANTS);
    for (let number = first; wanted != 0; number++) {
      if ((wanted & 1) != 0) {
        writeProbe(job, number, entry, slot, time, ttlMask);
        slot += SLOT_BYTES;
      }
      wanted >>= 1;
    }
  }
}

/** Sums add halves in memory order: the Internet checksum is the same in either byte order (RFC 1071 section 2). */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function writeProbe(job: usize, number: u32, entry: usize, slot: usize, time: u32, ttlMask: u32): void {
  const template = job + JOB_TEMPLATES + <usize>number * TEMPLATE_BYTES;
  const port = <u32>load<u16>(entry, E_PORT);
  const ttl = <u32>load<u8>(entry, E_TTL);
  const at = <usize>load<u32>(slot);
  const kind = load<u32>(template, T_KIND);
  const keyAt = <usize>load<u32>(template, T_KEY_AT);
  // Stage, variant, port (big-endian).
  finish(job + J_TARGET, kind | ((port >> 8) << 16) | (port << 24), keyAt != 0);
  const word1 = <u32>(low >> 32);
  const ttlBits = ttl & ttlMask;

  // 96 bytes: more than the longest probe.
  for (let b: usize = 0; b < 96; b += 16) v128.store(at + b, v128.load(template + b, T_PACKET));
  let sum = load<u32>(template, T_TCP_SUM);
  if (number < FIRST_IPV6_TEMPLATE) {
    const id = swap16((((word1 >> 16) & 0x3ff) << 6) | ttlBits);
    const destination = load<u32>(entry, 12);
    const pair = (destination & 0xffff) + (destination >> 16);
    store<u16>(at, <u16>id, 4);
    store<u8>(at, <u8>ttl, 8);
    store<u16>(at, fold(load<u32>(template, T_IP_SUM) + id + ttl + pair), 10);
    store<u32>(at, destination, 16);
    sum += pair;
  } else {
    store<u32>(at, bswap<u32>(0x60000000 | (word1 >> 12)));
    store<u8>(at, <u8>ttl, 7);
    const a = load<u64>(entry);
    const b = load<u64>(entry, 8);
    store<u64>(at, a, 24);
    store<u64>(at, b, 32);
    sum += halves64(a) + halves64(b);
  }

  const tcp = at + <usize>load<u32>(template, T_TCP_AT);
  // 16 bits scaled to the range: a division would cost as much as the rest of the packet.
  const sourcePort = FIRST_SOURCE_PORT + (kind >> 8) * PORTS_PER_VARIANT + (((word1 & 0xffff) * PORTS_PER_VARIANT) >> 16);
  const ports = swap16(sourcePort) | (swap16(port) << 16);
  const sequence = bswap<u32>(<u32>low);
  store<u32>(tcp, ports);
  store<u32>(tcp, sequence, 4);
  sum += (ports & 0xffff) + (ports >> 16) + (sequence & 0xffff) + (sequence >> 16);
  const tsValueAt = <usize>load<u32>(template, T_TS_VALUE_AT);
  if (tsValueAt != 0) {
    const tsValue = bswap<u32>(time | ttlBits);
    store<u32>(at + tsValueAt, tsValue);
    sum += (tsValue & 0xffff) + (tsValue >> 16);
  }
  if (keyAt != 0) {
    const keyHigh = bswap<u32>(<u32>high);
    const keyLow = bswap<u32>(<u32>(high >> 32));
    store<u32>(at + keyAt, keyHigh);
    store<u32>(at + keyAt, keyLow, 4);
    sum += (keyHigh & 0xffff) + (keyHigh >> 16) + (keyLow & 0xffff) + (keyLow >> 16);
  }
  store<u16>(tcp, fold(sum), 16);
  store<u32>(slot, load<u32>(template, T_BYTES), S_LENGTH);
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function swap16(value: u32): u32 {
  return ((value >> 8) & 0xff) | ((value & 0xff) << 8);
}

// @ts-expect-error: a decorator of AssemblyScript
@inline
function halves64(value: u64): u32 {
  return <u32>((value & 0xffff) + ((value >> 16) & 0xffff) + ((value >> 32) & 0xffff) + (value >> 48));
}

/** The checksum whose sum of halves this is. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function fold(sum: u32): u16 {
  const once = (sum & 0xffff) + (sum >> 16);
  return <u16>~(once + (once >> 16));
}
