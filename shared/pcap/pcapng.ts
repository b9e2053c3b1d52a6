import { DecodeError } from "../errors.js";
import { type CapturedPacket, MAX_FRAME_BYTES } from "./captured.js";
import { bytesOf, type CaptureCursor } from "./input.js";
import { knowsLinkType, packetInFrame } from "./link-type.js";

/** The same in both byte orders. */
export const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

/** Longest block that is read: a packet with its options, names, or the keys of a TLS session. */
const MAX_BLOCK_BYTES = 16 * 1024 * 1024;

const OPTION_END = 0;
const OPTION_TIME_RESOLUTION = 9;
const OPTION_TIME_OFFSET = 14;

interface CaptureInterface {
  readonly linkType: number;
  readonly snapLength: number;
  /** Units of a timestamp in a second. */
  readonly unitsPerSecond: bigint;
  readonly offsetSeconds: bigint;
}

interface Block {
  readonly offset: number;
  readonly type: number;
  /** Without type and lengths. */
  readonly body: DataView;
}

/**
 * Packets of a pcapng file (draft-ietf-opsawg-pcapng), from behind the type of its first block. Interfaces of a link
 * type without IP are skipped.
 * @throws DecodeError naming the offset when the file is truncated or broken
 */
export function* readPcapng(cursor: CaptureCursor): Generator<CapturedPacket> {
  let littleEndian = sectionOrder(cursor, 0);
  let interfaces: CaptureInterface[] = [];
  for (;;) {
    const offset = cursor.offset;
    const head = cursor.next(4, "a block type");
    if (head === null) return;
    const type = head.getUint32(0, littleEndian);
    if (type === SECTION_HEADER) {
      littleEndian = sectionOrder(cursor, offset);
      interfaces = [];
      continue;
    }
    const block = readBlock(cursor, littleEndian, { offset, type });
    if (type === INTERFACE_DESCRIPTION) interfaces.push(describeInterface(block, littleEndian));
    const captured = type === ENHANCED_PACKET ? enhanced(block, littleEndian, interfaces) : null;
    const found = type === SIMPLE_PACKET ? simple(block, littleEndian, interfaces) : captured;
    if (found !== null) yield found;
  }
}

/** Reads a section header from behind its type; true when the section is little-endian. */
function sectionOrder(cursor: CaptureCursor, offset: number): boolean {
  const head = cursor.take(8, "a section header");
  const littleEndian = head.getUint32(4, true) === BYTE_ORDER_MAGIC;
  if (!littleEndian && head.getUint32(4, false) !== BYTE_ORDER_MAGIC) {
    throw new DecodeError(`broken section header at offset ${offset}: no byte order`);
  }
  const length = checkedLength(head.getUint32(0, littleEndian), 28, offset);
  cursor.take(length - 12, "a section header");
  return littleEndian;
}

function readBlock(cursor: CaptureCursor, littleEndian: boolean, at: { offset: number; type: number }): Block {
  const length = checkedLength(cursor.take(4, "a block length").getUint32(0, littleEndian), 12, at.offset);
  const rest = cursor.take(length - 8, "a block");
  if (rest.getUint32(length - 12, littleEndian) !== length) {
    throw new DecodeError(`broken block at offset ${at.offset}: its two lengths differ`);
  }
  return { ...at, body: new DataView(rest.buffer, rest.byteOffset, length - 12) };
}

function checkedLength(length: number, least: number, offset: number): number {
  if (length >= least && length <= MAX_BLOCK_BYTES && length % 4 === 0) return length;
  throw new DecodeError(`broken block at offset ${offset}: length ${length}`);
}

function describeInterface({ offset, body }: Block, littleEndian: boolean): CaptureInterface {
  if (body.byteLength < 8) throw new DecodeError(`broken interface description at offset ${offset}`);
  let unitsPerSecond = 1_000_000n;
  let offsetSeconds = 0n;
  for (let at = 8; at + 4 <= body.byteLength; ) {
    const code = body.getUint16(at, littleEndian);
    const length = body.getUint16(at + 2, littleEndian);
    const value = at + 4;
    if (code === OPTION_END || value + length > body.byteLength) break;
    if (code === OPTION_TIME_RESOLUTION && length === 1) unitsPerSecond = resolution(body.getUint8(value));
    if (code === OPTION_TIME_OFFSET && length === 8) offsetSeconds = body.getBigInt64(value, littleEndian);
    at = value + ((length + 3) & ~3);
  }
  return {
    linkType: body.getUint16(0, littleEndian),
    snapLength: body.getUint32(4, littleEndian),
    unitsPerSecond,
    offsetSeconds,
  };
}

/** The highest bit chooses the base, 2 or 10; the others are a negative exponent. */
function resolution(value: number): bigint {
  return (value & 0x80) === 0 ? 10n ** BigInt(value) : 2n ** BigInt(value & 0x7f);
}

function enhanced(
  { offset, body }: Block,
  littleEndian: boolean,
  interfaces: readonly CaptureInterface[],
): CapturedPacket | null {
  if (body.byteLength < 20) throw new DecodeError(`broken packet block at offset ${offset}`);
  const from = interfaces[body.getUint32(0, littleEndian)];
  const length = body.getUint32(12, littleEndian);
  if (from === undefined) throw new DecodeError(`packet of an unknown interface at offset ${offset}`);
  if (length > MAX_FRAME_BYTES || length > body.byteLength - 20) {
    throw new DecodeError(`broken packet block at offset ${offset}: ${length} bytes`);
  }
  const packet = packetOf(from, bytesOf(body, 20, length));
  if (packet === null) return null;
  const units = (BigInt(body.getUint32(4, littleEndian)) << 32n) | BigInt(body.getUint32(8, littleEndian));
  const timestampUs = Number(from.offsetSeconds * 1_000_000n + (units * 1_000_000n) / from.unitsPerSecond);
  return { timestampUs, packet };
}

function simple(
  { offset, body }: Block,
  littleEndian: boolean,
  interfaces: readonly CaptureInterface[],
): CapturedPacket | null {
  const [from] = interfaces;
  if (from === undefined || body.byteLength < 4) throw new DecodeError(`broken packet block at offset ${offset}`);
  const snapped = from.snapLength === 0 ? body.byteLength : from.snapLength;
  const length = Math.min(body.getUint32(0, littleEndian), snapped, body.byteLength - 4);
  const packet = packetOf(from, bytesOf(body, 4, length));
  return packet === null ? null : { timestampUs: null, packet };
}

function packetOf({ linkType }: CaptureInterface, frame: Uint8Array): Uint8Array | null {
  return knowsLinkType(linkType) ? packetInFrame(linkType, frame) : null;
}
