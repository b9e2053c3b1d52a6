export const OPTION_END = 0;
export const OPTION_NOP = 1;
export const OPTION_MSS = 2;
export const OPTION_WINDOW_SCALE = 3;
export const OPTION_SACK_PERMITTED = 4;
export const OPTION_SACK = 5;
export const OPTION_TIMESTAMPS = 8;
export const OPTION_MPTCP = 30;
export const OPTION_FAST_OPEN = 34;
/** Shared experimental kind, the first two data bytes name the experiment (RFC 6994). */
export const OPTION_EXPERIMENT = 253;

/** One TCP option as it stands in the header. */
export interface TcpOption {
  readonly kind: number;
  /** Bytes from the start of the options. */
  readonly offset: number;
  /** The whole option with kind and length; one byte for NOP and end of list. */
  readonly bytes: Uint8Array;
}

export interface TcpOptions {
  readonly options: readonly TcpOption[];
  /** Bytes behind the last whole option: an option that is cut off or has an impossible length. Empty when all is well. */
  readonly malformed: Uint8Array;
}

/** Splits raw option bytes (RFC 9293 section 3.1). Never throws: what cannot be split is in `malformed`. */
export function decodeTcpOptions(bytes: Uint8Array): TcpOptions {
  const options: TcpOption[] = [];
  let at = 0;
  while (at < bytes.length) {
    const kind = bytes[at] ?? OPTION_END;
    const length = kind === OPTION_END || kind === OPTION_NOP ? 1 : (bytes[at + 1] ?? 0);
    if (length < 1 || (length < 2 && kind > OPTION_NOP) || at + length > bytes.length) break;
    options.push({ kind, offset: at, bytes: bytes.subarray(at, at + length) });
    if (kind === OPTION_END) return { options, malformed: bytes.subarray(bytes.length) };
    at += length;
  }
  return { options, malformed: bytes.subarray(at) };
}

/** First option of a kind, or undefined. */
export function findOption(bytes: Uint8Array, kind: number): Uint8Array | undefined {
  return decodeTcpOptions(bytes).options.find((option) => option.kind === kind)?.bytes;
}

const TIMESTAMPS_BYTES = 10;

/** TSval and TSecr (RFC 7323) of the first timestamps option, or null. */
export function timestampsOf(bytes: Uint8Array): { value: number; echo: number } | null {
  const at = timestampsAt(bytes, 0, bytes.length);
  return at < 0 ? null : { value: word(bytes, at + 2), echo: word(bytes, at + 6) };
}

/** TSecr of the options in `bytes[from, to)`; 0 where there is none. Makes nothing: it runs for every packet. */
export function timestampEcho(bytes: Uint8Array, from: number, to: number): number {
  const at = timestampsAt(bytes, from, to);
  return at < 0 ? 0 : word(bytes, at + 6);
}

/** TSval of the options in `bytes[from, to)`, as `timestampEcho`. */
export function timestampValue(bytes: Uint8Array, from: number, to: number): number {
  const at = timestampsAt(bytes, from, to);
  return at < 0 ? 0 : word(bytes, at + 2);
}

/** Where the first timestamps option begins, -1 when there is none that is whole. */
function timestampsAt(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at + TIMESTAMPS_BYTES <= to) {
    const kind = bytes[at];
    if (kind === OPTION_END) return -1;
    if (kind === OPTION_NOP) {
      at++;
      continue;
    }
    const length = bytes[at + 1] as number;
    if (kind === OPTION_TIMESTAMPS) return length === TIMESTAMPS_BYTES ? at : -1;
    if (length < 2) return -1;
    at += length;
  }
  return -1;
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}

/** What a data offset of 15 words leaves behind the fixed header. */
const MAX_OPTION_BYTES = 40;

/**
 * Whole options one after another, filled up with end-of-list bytes to a multiple of 4.
 * @throws RangeError when they take more than the 40 bytes that a TCP header has for them
 */
export function encodeTcpOptions(options: readonly Uint8Array[]): Uint8Array {
  const length = options.reduce((sum, option) => sum + option.length, 0);
  if (length > MAX_OPTION_BYTES)
    throw new RangeError(`${length} bytes of TCP options, at most ${MAX_OPTION_BYTES} fit`);
  const bytes = new Uint8Array(Math.ceil(length / 4) * 4);
  let at = 0;
  for (const option of options) {
    bytes.set(option, at);
    at += option.length;
  }
  return bytes;
}
