/**
 * The inner loop of probing, in AssemblyScript: compiled to WebAssembly by `npm run generate`, so it is not a part of
 * the TypeScript program. It needs 64-bit arithmetic for every packet, which costs several times as much on
 * 32-bit halves in JavaScript. `kernel.ts` is the other side of every address in here.
 *
 * A job's area: states of SipHash (four u64 each), the first as the key gives it, then at JOB_TEMPLATES one template for
 * each family and variant. A batch is an array of entries, one for each target, and of slots, one for each packet. All
 * numbers are little-endian unless a comment says otherwise.
 */

// Packets go into frames, the slots of a batch into frames one behind the other in a circle. Of each frame: where its
// packet begins (u32), and the facts of the packet in it (u32). Of each slot, between the two passes over a batch, its
// hash. Then the entries.
const PLACES: usize = 0;
const FACTS: usize = 4096;
const HASHES: usize = 8192;
const BATCH: usize = 16384;
// A run of IPv4 targets: of each its address, and its port in the lower half of a u32, both in network order.
const RUN: usize = 32768;

// A job's area: the state that the key gives, the same after eight zero bytes, that of the present target.
const J_ZEROS: usize = 32;
const J_TARGET: usize = 64;
const JOB_TEMPLATES: usize = 128;
const TEMPLATE_BYTES: usize = 128;

// A template: u32 each, then the packet as it is for every target, its variable fields 0.
const T_KIND: usize = 0;
const T_FACTS: usize = 4;
const T_FIRST_PORT: usize = 8;
const T_TS_VALUE_AT: usize = 12;
const T_KEY_AT: usize = 16;
const T_IP_SUM: usize = 20;
const T_TCP_SUM: usize = 24;
const T_PACKET: usize = 32;

// An entry of a batch: the target's address (16 bytes, network order; the first 8 do not matter for IPv4); its port
// (network order), the first template of its family (one byte) and TTL (one byte); a bit for each variant that is wanted;
// the number of the slot of the first of them.
const ENTRY_BYTES: usize = 32;
const E_HEAD: usize = 16;
const E_VARIANTS: usize = 20;
const E_SLOT: usize = 24;

const FIRST_IPV6_TEMPLATE: u32 = 4;
const PORTS_PER_VARIANT: u32 = 1134;

// SipHash-1-3 with 128-bit output (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012) of 20 bytes: an
// address, then stage, variant and port. What a target's probes have in common comes first and is hashed once. Rounds are
// written out: a loop over them costs a fifth.

/** One round over eight bytes of the message: from the state at `from` to that at `to`. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function absorb(from: usize, block: u64, to: usize): void {
  let v0 = load<u64>(from);
  let v1 = load<u64>(from, 8);
  let v2 = load<u64>(from, 16);
  let v3 = load<u64>(from, 24) ^ block;
  v0 += v1; v1 = rotl(v1, 13) ^ v0; v0 = rotl(v0, 32); v2 += v3; v3 = rotl(v3, 16) ^ v2;
  v0 += v3; v3 = rotl(v3, 21) ^ v0; v2 += v1; v1 = rotl(v1, 17) ^ v2; v2 = rotl(v2, 32);
  store<u64>(to, v0 ^ block);
  store<u64>(to, v1, 8);
  store<u64>(to, v2, 16);
  store<u64>(to, v3, 24);
}

/** Writes the hash of what the state at `from` has absorbed and the last four bytes. `wide`: both halves of it. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function finish(from: usize, last: u32, wide: bool, to: usize): void {
  const block = <u64>last | (<u64>20 << 56);
  let v0 = load<u64>(from);
  let v1 = load<u64>(from, 8);
  let v2 = load<u64>(from, 16);
  let v3 = load<u64>(from, 24) ^ block;
  v0 += v1; v1 = rotl(v1, 13) ^ v0; v0 = rotl(v0, 32); v2 += v3; v3 = rotl(v3, 16) ^ v2;
  v0 += v3; v3 = rotl(v3, 21) ^ v0; v2 += v1; v1 = rotl(v1, 17) ^ v2; v2 = rotl(v2, 32);
  v0 ^= block;
  v2 ^= 0xee;
  v0 += v1; v1 = rotl(v1, 13) ^ v0; v0 = rotl(v0, 32); v2 += v3; v3 = rotl(v3, 16) ^ v2;
  v0 += v3; v3 = rotl(v3, 21) ^ v0; v2 += v1; v1 = rotl(v1, 17) ^ v2; v2 = rotl(v2, 32);
  v0 += v1; v1 = rotl(v1, 13) ^ v0; v0 = rotl(v0, 32); v2 += v3; v3 = rotl(v3, 16) ^ v2;
  v0 += v3; v3 = rotl(v3, 21) ^ v0; v2 += v1; v1 = rotl(v1, 17) ^ v2; v2 = rotl(v2, 32);
  v0 += v1; v1 = rotl(v1, 13) ^ v0; v0 = rotl(v0, 32); v2 += v3; v3 = rotl(v3, 16) ^ v2;
  v0 += v3; v3 = rotl(v3, 21) ^ v0; v2 += v1; v1 = rotl(v1, 17) ^ v2; v2 = rotl(v2, 32);
  store<u64>(to, v0 ^ v1 ^ v2 ^ v3);
  if (!wide) return;
  v1 ^= 0xdd;
  v0 += v1; v1 = rotl(v1, 13) ^ v0; v0 = rotl(v0, 32); v2 += v3; v3 = rotl(v3, 16) ^ v2;
  v0 += v3; v3 = rotl(v3, 21) ^ v0; v2 += v1; v1 = rotl(v1, 17) ^ v2; v2 = rotl(v2, 32);
  v0 += v1; v1 = rotl(v1, 13) ^ v0; v0 = rotl(v0, 32); v2 += v3; v3 = rotl(v3, 16) ^ v2;
  v0 += v3; v3 = rotl(v3, 21) ^ v0; v2 += v1; v1 = rotl(v1, 17) ^ v2; v2 = rotl(v2, 32);
  v0 += v1; v1 = rotl(v1, 13) ^ v0; v0 = rotl(v0, 32); v2 += v3; v3 = rotl(v3, 16) ^ v2;
  v0 += v3; v3 = rotl(v3, 21) ^ v0; v2 += v1; v1 = rotl(v1, 17) ^ v2; v2 = rotl(v2, 32);
  store<u64>(to, v0 ^ v1 ^ v2 ^ v3, 8);
}

/**
 * Writes the hash of the 20 bytes at `message` to `out` (16 bytes), with any number of rounds for each block and for each
 * half of the output. The keyed state is at `state`.
 */
export function hash(state: usize, message: usize, out: usize, blockRounds: i32, halfRounds: i32): void {
  let v0 = load<u64>(state);
  let v1 = load<u64>(state, 8);
  let v2 = load<u64>(state, 16);
  let v3 = load<u64>(state, 24);
  // Three blocks, then two halves.
  for (let step: usize = 0; step < 5; step++) {
    let block: u64 = 0;
    if (step < 2) block = load<u64>(message + step * 8);
    else if (step == 2) block = <u64>load<u32>(message, 16) | (<u64>20 << 56);
    v3 ^= block;
    if (step == 3) v2 ^= 0xee;
    if (step == 4) v1 ^= 0xdd;
    for (let rounds = step < 3 ? blockRounds : halfRounds; rounds > 0; rounds--) {
      v0 += v1; v1 = rotl(v1, 13) ^ v0; v0 = rotl(v0, 32); v2 += v3; v3 = rotl(v3, 16) ^ v2;
      v0 += v3; v3 = rotl(v3, 21) ^ v0; v2 += v1; v1 = rotl(v1, 17) ^ v2; v2 = rotl(v2, 32);
    }
    v0 ^= block;
    if (step >= 3) store<u64>(out + (step - 3) * 8, v0 ^ v1 ^ v2 ^ v3);
  }
}

/**
 * Makes entries from the one of number `first` on of the run's first `count` targets. They want the same variants, and
 * fill the slots from `slot` on.
 */
export function addRun(first: i32, count: i32, variants: u32, ttl: u32, slot: u32): void {
  const step = popcnt(variants);
  const end = RUN + (<usize>count << 3);
  let entry = BATCH + <usize>first * ENTRY_BYTES;
  for (let target = RUN; target < end; target += 8) {
    // The mapped part of the address.
    store<u32>(entry, 0xffff0000, 8);
    store<u32>(entry, load<u32>(target), 12);
    store<u32>(entry, load<u32>(target, 4) | (ttl << 24), E_HEAD);
    store<u32>(entry, variants, E_VARIANTS);
    store<u32>(entry, slot, E_SLOT);
    entry += ENTRY_BYTES;
    slot += step;
  }
}

let firstFrame: u32 = 0;
let frameMask: u32 = 0;
/** Frames whose packet has other facts than the one before it had. */
let changedFrames: u32 = 0;

/**
 * Writes the packets of `count` entries into frames, that of slot 0 into the one of number `frame`; `mask` is one less
 * than the number of frames, a power of two. `time` is the upper part of TSval in network order, the lowest 6 bits of its
 * last byte 0; `ttlMask` is 63 where the TTL goes into IPID and TSval, else 0. The second pass goes template by template,
 * so that all of a template stays in registers. Returns in how many frames the facts have changed.
 */
export function writeProbes(job: usize, count: i32, frame: u32, mask: u32, time: u32, ttlMask: u32): u32 {
  const end = BATCH + <usize>count * ENTRY_BYTES;
  const templates = job + JOB_TEMPLATES;
  firstFrame = frame;
  frameMask = mask;
  changedFrames = 0;
  for (let used = hashProbes(job, end); used != 0; used &= used - 1) {
    const number = ctz(used);
    const template = templates + <usize>number * TEMPLATE_BYTES;
    if (number < FIRST_IPV6_TEMPLATE) writeIpv4(template, 1 << number, end, time, ttlMask);
    else writeIpv6(template, 1 << (number - FIRST_IPV6_TEMPLATE), end, time, ttlMask);
  }
  return changedFrames;
}

/** Leaves the hash of each probe in its slot; returns a bit for each template that is wanted. */
function hashProbes(job: usize, end: usize): u32 {
  const state = job + J_TARGET;
  absorb(job, 0, job + J_ZEROS);
  let used: u32 = 0;
  for (let entry = BATCH; entry < end; entry += ENTRY_BYTES) {
    const head = load<u32>(entry, E_HEAD);
    const first = (head >> 16) & 0xff;
    if (first < FIRST_IPV6_TEMPLATE) {
      absorb(job + J_ZEROS, load<u64>(entry, 8), state);
    } else {
      absorb(job, load<u64>(entry), state);
      absorb(state, load<u64>(entry, 8), state);
    }
    let hashed = HASHES + <usize>load<u32>(entry, E_SLOT) * 16;
    let template = job + JOB_TEMPLATES + <usize>first * TEMPLATE_BYTES;
    let wanted = load<u32>(entry, E_VARIANTS);
    used |= wanted << first;
    for (; wanted != 0; wanted >>= 1) {
      if ((wanted & 1) != 0) {
        // Stage, variant, port.
        const last = load<u32>(template, T_KIND) | (head << 16);
        finish(state, last, load<u32>(template, T_KEY_AT) != 0, hashed);
        hashed += 16;
      }
      template += TEMPLATE_BYTES;
    }
  }
  return used;
}

// The fields of a packet are bytes of the hash as they are, and sums add words in memory order: the Internet checksum is
// the same in either byte order, and in words of any size (RFC 1071 section 2).

function writeIpv4(template: usize, bit: u32, end: usize, time: u32, ttlMask: u32): void {
  const p0 = v128.load(template, T_PACKET);
  const p1 = v128.load(template, T_PACKET + 16);
  const p2 = v128.load(template, T_PACKET + 32);
  const p3 = v128.load(template, T_PACKET + 48);
  // 80 bytes: more than the longest.
  const p4 = v128.load(template, T_PACKET + 64);
  const ipSum = <u64>load<u32>(template, T_IP_SUM);
  for (let entry = BATCH; entry < end; entry += ENTRY_BYTES) {
    const wanted = load<u32>(entry, E_VARIANTS);
    const head = load<u32>(entry, E_HEAD);
    if ((wanted & bit) == 0 || (head & 0xff0000) != 0) continue;
    const slot = slotOf(entry, wanted, bit);
    const at = placeOf(template, slot);
    v128.store(at, p0);
    v128.store(at, p1, 16);
    v128.store(at, p2, 32);
    v128.store(at, p3, 48);
    v128.store(at, p4, 64);
    const ttl = head >> 24;
    const id = (<u32>load<u16>(slot << 4, HASHES + 6) & 0xc0ff) | ((ttl & ttlMask) << 8);
    const destination = load<u32>(entry, 12);
    store<u16>(at, <u16>id, 4);
    store<u8>(at, <u8>ttl, 8);
    store<u16>(at, checksum(ipSum + <u64>(id + ttl) + <u64>destination), 10);
    store<u32>(at, destination, 16);
    writeTcp(template, slot, at, 20, head, time | ((ttl & ttlMask) << 24), <u64>destination);
  }
}

function writeIpv6(template: usize, bit: u32, end: usize, time: u32, ttlMask: u32): void {
  const p0 = v128.load(template, T_PACKET);
  const p1 = v128.load(template, T_PACKET + 16);
  const p2 = v128.load(template, T_PACKET + 32);
  const p3 = v128.load(template, T_PACKET + 48);
  const p4 = v128.load(template, T_PACKET + 64);
  // 96 bytes: more than the longest.
  const p5 = v128.load(template, T_PACKET + 80);
  for (let entry = BATCH; entry < end; entry += ENTRY_BYTES) {
    const wanted = load<u32>(entry, E_VARIANTS);
    const head = load<u32>(entry, E_HEAD);
    if ((wanted & bit) == 0 || (head & 0xff0000) == 0) continue;
    const slot = slotOf(entry, wanted, bit);
    const at = placeOf(template, slot);
    v128.store(at, p0);
    v128.store(at, p1, 16);
    v128.store(at, p2, 32);
    v128.store(at, p3, 48);
    v128.store(at, p4, 64);
    v128.store(at, p5, 80);
    const ttl = head >> 24;
    store<u32>(at, 0x60 | (load<u32>(slot << 4, HASHES + 4) & 0xffff0f00));
    store<u8>(at, <u8>ttl, 7);
    const a = load<u64>(entry);
    const b = load<u64>(entry, 8);
    store<u64>(at, a, 24);
    store<u64>(at, b, 32);
    const sum = (a & 0xffffffff) + (a >> 32) + (b & 0xffffffff) + (b >> 32);
    writeTcp(template, slot, at, 40, head, time | ((ttl & ttlMask) << 24), sum);
  }
}

/** The slot of the variant whose bit this is; those of the variants before it come first. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function slotOf(entry: usize, wanted: u32, bit: u32): usize {
  return <usize>(load<u32>(entry, E_SLOT) + popcnt(wanted & (bit - 1)));
}

/** Where a slot's packet goes. Notes the facts of the template with its frame. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function placeOf(template: usize, slot: usize): usize {
  const frame = (<usize>firstFrame + slot & <usize>frameMask) << 2;
  const facts = load<u32>(template, T_FACTS);
  if (load<u32>(frame, FACTS) != facts) {
    store<u32>(frame, facts, FACTS);
    changedFrames++;
  }
  return <usize>load<u32>(frame, PLACES);
}

/** Fills in the TCP header `tcp` bytes into the packet. `sum` is that of the destination. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function writeTcp(template: usize, slot: usize, at: usize, tcp: usize, head: u32, tsValue: u32, sum: u64): void {
  // 16 bits scaled to the range: a division would cost as much as the rest of the packet.
  const scaled = (<u32>load<u16>(slot << 4, HASHES + 4) * PORTS_PER_VARIANT) >> 16;
  const sourcePort = load<u32>(template, T_FIRST_PORT) + scaled;
  const ports = (sourcePort >> 8) | ((sourcePort & 0xff) << 8) | (head << 16);
  const sequence = load<u32>(slot << 4, HASHES);
  store<u32>(at + tcp, ports);
  store<u32>(at + tcp, sequence, 4);
  sum += <u64>load<u32>(template, T_TCP_SUM) + <u64>ports + <u64>sequence;
  const tsValueAt = <usize>load<u32>(template, T_TS_VALUE_AT);
  if (tsValueAt != 0) {
    store<u32>(at + tsValueAt, tsValue);
    sum += <u64>tsValue;
  }
  const keyAt = <usize>load<u32>(template, T_KEY_AT);
  if (keyAt != 0) {
    const key = load<u64>(slot << 4, HASHES + 8);
    store<u64>(at + keyAt, key);
    sum += (key & 0xffffffff) + (key >> 32);
  }
  store<u16>(at + tcp, checksum(sum), 16);
}

/** The checksum whose sum of 32-bit words this is. A number and its own halves changed about add up to both sums of both. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function checksum(sum: u64): u16 {
  const wide = <u32>((sum + rotl(sum, 32)) >> 32);
  return <u16>~((wide + rotl(wide, 16)) >> 16);
}
