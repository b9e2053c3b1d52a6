import { DecodeError } from "../errors.js";
import { type CapturedPacket, MAX_FRAME_BYTES } from "./captured.js";
import { bytesOf, type CaptureCursor } from "./input.js";
import { knowsLinkType, packetInFrame } from "./link-type.js";

/** Written in the byte order of the machine that captured; the second pair means nanoseconds. */
const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const MAGIC_NANOSECONDS = 0xa1b23c4d;

/** Byte order and time unit of a pcap file, from its first four bytes; null when it is none. */
export function classicFormat(magic: DataView): { littleEndian: boolean; nanoseconds: boolean } | null {
  for (const littleEndian of [true, false]) {
    const value = magic.getUint32(0, littleEndian);
    if (value === MAGIC_MICROSECONDS) return { littleEndian, nanoseconds: false };
    if (value === MAGIC_NANOSECONDS) return { littleEndian, nanoseconds: true };
  }
  return null;
}

/**
 * Packets of a pcap file (draft-ietf-opsawg-pcap), from behind its magic number.
 * @throws DecodeError naming the offset when the file is truncated, broken, or of a link type without IP
 */
export function* readClassic(
  cursor: CaptureCursor,
  { littleEndian, nanoseconds }: { littleEndian: boolean; nanoseconds: boolean },
): Generator<CapturedPacket> {
  const linkTypeOffset = cursor.offset + 16;
  // The upper bits say whether frames end with their checksum: the packet's own length leaves it out.
  const linkType = cursor.take(20, "the file header").getUint32(16, littleEndian) & 0x03ff_ffff;
  if (!knowsLinkType(linkType)) throw new DecodeError(`link type ${linkType} at offset ${linkTypeOffset} is not known`);
  for (;;) {
    const offset = cursor.offset;
    const header = cursor.next(16, "a record header");
    if (header === null) return;
    const seconds = header.getUint32(0, littleEndian);
    const fraction = header.getUint32(4, littleEndian);
    const length = header.getUint32(8, littleEndian);
    if (length > MAX_FRAME_BYTES) throw new DecodeError(`broken record at offset ${offset}: ${length} bytes`);
    const frame = bytesOf(cursor.take(length, "a packet"));
    const packet = packetInFrame(linkType, frame);
    if (packet === null) continue;
    yield { timestampUs: seconds * 1e6 + (nanoseconds ? Math.floor(fraction / 1000) : fraction), packet };
  }
}
