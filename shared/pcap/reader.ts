import { DecodeError } from "../errors.js";
import type { CapturedPacket } from "./captured.js";
import { classicFormat, readClassic } from "./classic.js";
import { type CaptureInput, createCursor } from "./input.js";
import { readPcapng, SECTION_HEADER } from "./pcapng.js";

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
