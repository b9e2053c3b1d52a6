import { attachSendBoard, BOARD_BYTES, beginBoard, type SendBoard } from "../sender/board.js";

/** What a board of traces is made for. */
export interface TraceShape {
  /** Variants of each target. */
  readonly variants: number;
  readonly maxTtl: number;
}

/**
 * The board of traces: what was sent when, and what came back. A trace is one variant of one open index; its number says
 * where its words are. Nothing here is needed to match an answer, only to know what has still to be asked.
 */
export interface TraceBoard extends SendBoard {
  /** Indices that may be between `settled` and `sent` at the same time; a power of two. */
  readonly capacity: number;
  /** The number of an index's place; its first trace is this times the variants. */
  placeOf(index: number): number;
  /** Receiver, per trace: a bit for each TTL that was answered (see `TtlSet`). */
  readonly answeredLow: Int32Array;
  readonly answeredHigh: Int32Array;
  /** Receiver, per trace: the lowest TTL beyond which nothing lies; 0: none. */
  readonly final: Uint8Array;
  /** Receiver, per trace: 1 when a quote was changed. */
  readonly shows: Uint8Array;
  /**
   * Receiver, per trace: least milliseconds between two of its probes, where its target's answers do not tell which probe
   * they are to; 0: they do.
   */
  readonly pauseMs: Uint16Array;
  /** Receiver, per place: hops to the target as its answer suggests; 0: no answer yet. */
  readonly distance: Uint8Array;
  /** Sender, per place: 1 when the target is left out. */
  readonly leftOut: Uint8Array;
  /** Sender, per trace and TTL: when it was sent last, see `stampOf`; 0: never. Place `trace * ttls + ttl`. */
  readonly sentAt: Uint16Array;
  readonly ttls: number;
  /** Sender, per trace: how often its silent TTLs were asked again. */
  readonly retried: Uint8Array;
  /** Receiver, per TTL: probes per second that may be sent with it; 0: any number. */
  readonly hopRates: Float64Array;
  /** Receiver: how many first hops all targets share, of IPv4 and of IPv6. */
  readonly sharedHops: Uint8Array;
  /** Sender: empties the places of `[from, to)`, all below `settled`. */
  clear(from: number, to: number): void;
}

const HOP_RATES = 64;
const HEAD_BYTES = BOARD_BYTES + HOP_RATES * 8 + 8;
/** Room for the traces that are open at the same time: 40,000 targets with three variants of 32 TTLs. */
const MOST_BYTES = 16 << 20;
const LEAST_CAPACITY = 16;

/** A board for the traces of the indices `[from, to)`: bounded memory, whatever their number. */
export function createTraceBoard(from: number, to: number, shape: TraceShape): TraceBoard {
  const each = bytesOfPlace(shape);
  let capacity = LEAST_CAPACITY;
  while (capacity < to - from && 2 * capacity * each <= MOST_BYTES) capacity *= 2;
  const board = attachTraceBoard(new SharedArrayBuffer(HEAD_BYTES + capacity * each), shape);
  beginBoard(board, from);
  return board;
}

export function attachTraceBoard(memory: SharedArrayBuffer, shape: TraceShape): TraceBoard {
  const capacity = Math.floor((memory.byteLength - HEAD_BYTES) / bytesOfPlace(shape));
  const traces = capacity * shape.variants;
  const ttls = ttlsOf(shape);
  let at = HEAD_BYTES;
  const take = (bytes: number): number => {
    at += bytes;
    return at - bytes;
  };
  const answeredLow = new Int32Array(memory, take(traces * 4), traces);
  const answeredHigh = new Int32Array(memory, take(traces * 4), traces);
  const sentAt = new Uint16Array(memory, take(traces * ttls * 2), traces * ttls);
  const pauseMs = new Uint16Array(memory, take(traces * 2), traces);
  const final = new Uint8Array(memory, take(traces), traces);
  const shows = new Uint8Array(memory, take(traces), traces);
  const retried = new Uint8Array(memory, take(traces), traces);
  const distance = new Uint8Array(memory, take(capacity), capacity);
  const leftOut = new Uint8Array(memory, take(capacity), capacity);
  const share = 1 / capacity;
  const placeOf = (index: number): number => index - Math.floor(index * share) * capacity;

  function clearPlaces(from: number, to: number): void {
    const first = from * shape.variants;
    const end = to * shape.variants;
    for (const words of [answeredLow, answeredHigh, pauseMs, final, shows, retried]) words.fill(0, first, end);
    sentAt.fill(0, first * ttls, end * ttls);
    for (const bytes of [distance, leftOut]) bytes.fill(0, from, to);
  }

  return Object.assign(attachSendBoard(memory), {
    capacity,
    placeOf,
    answeredLow,
    answeredHigh,
    final,
    shows,
    pauseMs,
    retried,
    distance,
    leftOut,
    sentAt,
    ttls,
    hopRates: new Float64Array(memory, BOARD_BYTES, HOP_RATES),
    sharedHops: new Uint8Array(memory, BOARD_BYTES + HOP_RATES * 8, 2),
    clear(from: number, to: number) {
      const start = placeOf(from);
      const end = start + (to - from);
      clearPlaces(start, Math.min(end, capacity));
      if (end > capacity) clearPlaces(0, end - capacity);
    },
  });
}

/** Times on the board: milliseconds modulo 65,535, and 1 more, as 0 means never. */
const STAMP_MODULUS = 0xffff;

export function stampOf(unixMs: number): number {
  return (Math.floor(unixMs) % STAMP_MODULUS) + 1;
}

/** An answer may wait to be read while its probe is sent again, so a stamp may be later than what it is compared with. */
const MOST_AHEAD_MS = 5_000;

/** Milliseconds from a stamp until `unixMs`, which is less than a minute later, or up to five seconds earlier. */
export function msSince(stamp: number, unixMs: number): number {
  const ms = (stampOf(unixMs) - stamp + STAMP_MODULUS) % STAMP_MODULUS;
  return ms > STAMP_MODULUS - MOST_AHEAD_MS ? ms - STAMP_MODULUS : ms;
}

/** TTL 0 has a place, too, so that a TTL is its own offset; the number of places is even for the alignment. */
function ttlsOf({ maxTtl }: TraceShape): number {
  return (maxTtl + 2) & ~1;
}

function bytesOfPlace(shape: TraceShape): number {
  return shape.variants * (4 + 4 + 2 * ttlsOf(shape) + 2 + 1 + 1 + 1) + 2;
}
