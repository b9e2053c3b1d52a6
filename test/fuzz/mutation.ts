import type { Random } from "./random.js";

/** Bytes that are being changed: the first `length` of a buffer that cannot grow. */
export interface Draft {
  readonly bytes: Uint8Array;
  length: number;
}

/** One in so many inputs is random bytes alone. */
const RANDOM_SHARE = 8;
const MOST_CHANGES = 4;
/** Headers are here: every second change is made in them, however long the input is. */
const HEAD_BYTES = 96;
const LONGEST_RANGE = 48;
/** Lengths, counts and flags at the ends of their ranges, and the kinds of TCP options that end a list or mean much. */
const EXTREMES = [0, 1, 2, 3, 4, 8, 0x0f, 0x10, 12, 20, 24, 30, 40, 0x7f, 0x80, 0xf0, 0xfe, 0xff];
const WIDE_EXTREMES = [0, 1, 7, 8, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/** Writes the next input over the draft: random bytes, or one of the seeds with up to four changes. */
export function mutate(draft: Draft, seeds: readonly Uint8Array[], random: Random): void {
  const seed = pick(seeds, random);
  if (seed === undefined || random.below(RANDOM_SHARE) === 0) {
    draft.length = random.below(random.below(draft.bytes.length) + 1);
    randomize(draft, 0, draft.length, random);
    return;
  }
  draft.bytes.set(seed);
  draft.length = seed.length;
  for (let left = random.below(MOST_CHANGES + 1); left > 0; left--) change(draft, seeds, random);
}

function change(draft: Draft, seeds: readonly Uint8Array[], random: Random): void {
  const { bytes, length } = draft;
  const at = random.below((random.next() & 1) === 0 ? length : Math.min(length, HEAD_BYTES));
  switch (random.below(12)) {
    case 0:
    case 1:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      return;
    case 2:
    case 3:
      bytes[at] = EXTREMES[random.below(EXTREMES.length)] ?? 0;
      return;
    case 4:
      bytes[at] = random.next();
      return;
    case 5:
      putWide(draft, at, random);
      return;
    case 6:
      draft.length = at;
      return;
    case 7:
      cut(draft, at, rangeAt(draft, at, random));
      return;
    case 8:
    case 9:
      insert(draft, at, bytes.slice(at, Math.min(length, at + rangeAt(draft, at, random))));
      return;
    case 10:
      splice(draft, at, pick(seeds, random) ?? bytes, random);
      return;
    default:
      extend(draft, random);
  }
}

/** The bytes that an option which begins here says it has, or any number. */
function rangeAt({ bytes }: Draft, at: number, random: Random): number {
  const length = bytes[at + 1] ?? 0;
  const isOption = length >= 2 && length <= LONGEST_RANGE && (random.next() & 1) === 0;
  return isOption ? length : 1 + random.below(LONGEST_RANGE);
}

/** A number of two or four bytes in either order: an extreme, or close to the length of the input. */
function putWide({ bytes, length }: Draft, at: number, random: Random): void {
  const near = length - 2 + random.below(5);
  const value = random.below(3) === 0 ? near : (WIDE_EXTREMES[random.below(WIDE_EXTREMES.length)] ?? 0);
  const width = random.below(2) === 0 ? 2 : 4;
  const isLittleEndian = random.below(2) === 0;
  for (let i = 0; i < width && at + i < length; i++) {
    bytes[at + i] = value >>> (8 * (isLittleEndian ? i : width - 1 - i));
  }
}

function cut(draft: Draft, at: number, count: number): void {
  const removed = Math.min(count, draft.length - at);
  draft.bytes.copyWithin(at, at + removed, draft.length);
  draft.length -= removed;
}

/** Puts a copy in front of what it is a copy of, as far as there is room. */
function insert(draft: Draft, at: number, piece: Uint8Array): void {
  const room = Math.min(piece.length, draft.bytes.length - draft.length);
  draft.bytes.copyWithin(at + room, at, draft.length);
  draft.bytes.set(piece.subarray(0, room), at);
  draft.length += room;
}

/** The beginning of one input and the end of another. */
function splice(draft: Draft, at: number, other: Uint8Array, random: Random): void {
  const tail = other.subarray(random.below(other.length + 1)).slice(0, draft.bytes.length - at);
  draft.bytes.set(tail, at);
  draft.length = at + tail.length;
}

/** Zeros, ones or noise behind the end, now and then up to the longest input there is. */
function extend(draft: Draft, random: Random): void {
  const { bytes, length } = draft;
  const room = bytes.length - length;
  const end = length + random.below(random.below(8) === 0 ? room + 1 : Math.min(room, LONGEST_RANGE) + 1);
  const kind = random.below(3);
  if (kind === 0) bytes.fill(0, length, end);
  else if (kind === 1) bytes.fill(random.next(), length, end);
  else randomize(draft, length, end, random);
  draft.length = end;
}

function randomize({ bytes }: Draft, from: number, to: number, random: Random): void {
  for (let i = from; i < to; i += 4) {
    const word = random.next();
    bytes[i] = word;
    bytes[i + 1] = word >>> 8;
    bytes[i + 2] = word >>> 16;
    bytes[i + 3] = word >>> 24;
  }
}

function pick(seeds: readonly Uint8Array[], random: Random): Uint8Array | undefined {
  return seeds[random.below(seeds.length)];
}
