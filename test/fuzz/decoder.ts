import type { DecodeError, UserError } from "../../shared/errors.js";

/** A reader of bytes that came from another host or a disk, and what it takes to try it with millions of inputs. */
export interface FuzzedDecoder {
  readonly name: string;
  /** What it reads every day, to be changed in all ways; none is longer than `maxBytes`. */
  readonly seeds: readonly Uint8Array[];
  /** The longest input. */
  readonly maxBytes: number;
  /** Reads one input. Throws also when the result contradicts itself. */
  decode(bytes: Uint8Array): unknown;
  /** The only error with which it may refuse an input; null where it takes all of them. */
  readonly refusal: typeof DecodeError | typeof UserError | null;
  /** Makes checksums right again, which lets every second input get behind them. */
  repair?(bytes: Uint8Array): void;
}

/** What an Ethernet frame holds. */
export const PACKET_BYTES = 1_500;
