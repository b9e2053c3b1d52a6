import { DecodeError } from "../errors.js";

/** The bytes of a capture file, front to back. */
export interface CaptureInput {
  /** The next `length` bytes; fewer only where the file ends. The result may be overwritten by the next call. */
  read(length: number): Uint8Array;
}

/** A capture that is in memory. */
export function createBytesInput(bytes: Uint8Array): CaptureInput {
  let at = 0;
  return {
    read: (length) => {
      const from = at;
      at = Math.min(bytes.length, at + length);
      return bytes.subarray(from, at);
    },
  };
}

/** Reads whole pieces of a capture and knows the offset of each, for error messages. */
export interface CaptureCursor {
  /** Bytes read so far. */
  readonly offset: number;
  /** The next `length` bytes, or null where the file ends before the first of them. Throws DecodeError on a part. */
  next(length: number, what: string): DataView | null;
  /** As `next`, but the file must not end here. */
  take(length: number, what: string): DataView;
}

/** A cursor at the start of `input`. */
export function createCursor(input: CaptureInput): CaptureCursor {
  let offset = 0;
  const next = (length: number, what: string): DataView | null => {
    const bytes = input.read(length);
    if (bytes.length === 0 && length > 0) return null;
    if (bytes.length < length) throw truncated(what, offset, length, bytes.length);
    offset += length;
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  };
  return {
    get offset() {
      return offset;
    },
    next,
    take: (length, what) => {
      const view = next(length, what);
      if (view === null) throw truncated(what, offset, length, 0);
      return view;
    },
  };
}

function truncated(what: string, offset: number, length: number, there: number): DecodeError {
  return new DecodeError(`truncated at offset ${offset}: ${what} has ${length} bytes, ${there} are there`);
}

/** The bytes of a view from `at` on, without a copy. */
export function bytesOf(view: DataView, at = 0, length = view.byteLength - at): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, length);
}
