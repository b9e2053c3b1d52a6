import { DecodeError } from "../errors.js";
import { classicFormat, readClassic } from "./classic.js";
import { type CaptureInput, createCursor } from "./input.js";
import { readPcapng, SECTION_HEADER } from "./pcapng.js";

/** An IP packet in a capture file. */
export interface CapturedPacket {
  /** Microseconds since 1970. */
  readonly timestampUs: number;
  /** From the IP header on, with whatever the link layer has behind it: a view that the next packet may overwrite. */
  readonly packet: Uint8Array;
}

/**
 * Yields the IP packets of a pcap or pcapng file of either byte order; frames that carry something else are passed
 * over.
 * @throws DecodeError, and nothing else: at the start when the bytes are no capture, and behind the last whole packet
 *   when the file is truncated or broken. The message names the offset.
 */
export function* readCapture(input: CaptureInput): Generator<CapturedPacket> {
  const cursor = createCursor(input);
  const magic = cursor.take(4, "the magic number");
  const format = classicFormat(magic);
  if (format !== null) {
    yield* readClassic(cursor, format);
  } else if (magic.getUint32(0) === SECTION_HEADER) {
    yield* readPcapng(cursor);
  } else {
    const digits = magic.getUint32(0).toString(16).padStart(8, "0");
    throw new DecodeError(`neither pcap nor pcapng: magic number ${digits} at offset 0`);
  }
}
