/**
 * Capture files made by hand from the format drafts (draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng), in either byte
 * order.
 */

/** Writes unsigned numbers: pairs of width in bytes (2, 4 or 8) and value. */
export function numbers(littleEndian: boolean, ...fields: readonly (readonly [2 | 4 | 8, number | bigint])[]): Buffer {
  const bytes = Buffer.alloc(fields.reduce((sum, [width]) => sum + width, 0));
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  let at = 0;
  for (const [width, value] of fields) {
    if (width === 2) view.setUint16(at, Number(value), littleEndian);
    else if (width === 4) view.setUint32(at, Number(value), littleEndian);
    else view.setBigUint64(at, BigInt(value), littleEndian);
    at += width;
  }
  return bytes;
}

export interface ClassicOptions {
  readonly littleEndian?: boolean;
  readonly nanoseconds?: boolean;
  readonly linkType?: number;
}

/** A pcap file: each record is seconds, fraction, and frame. */
export function classicCapture(
  { littleEndian = true, nanoseconds = false, linkType = 101 }: ClassicOptions,
  ...records: readonly (readonly [seconds: number, fraction: number, frame: Uint8Array])[]
): Buffer {
  const magic = nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4;
  const header = numbers(littleEndian, [4, magic], [2, 2], [2, 4], [4, 0], [4, 0], [4, 65_535], [4, linkType]);
  const bodies = records.map(([seconds, fraction, frame]) =>
    Buffer.concat([numbers(littleEndian, [4, seconds], [4, fraction], [4, frame.length], [4, frame.length]), frame]),
  );
  return Buffer.concat([header, ...bodies]);
}

/** A pcapng block with its two lengths; the body is padded to 32 bits. */
export function block(littleEndian: boolean, type: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const padding = Buffer.alloc((4 - (body.length % 4)) % 4);
  const length = body.length + padding.length + 12;
  return Buffer.concat([
    numbers(littleEndian, [4, type], [4, length]),
    body,
    padding,
    numbers(littleEndian, [4, length]),
  ]);
}

export function sectionHeader(littleEndian: boolean): Buffer {
  return block(littleEndian, 0x0a0d0d0a, numbers(littleEndian, [4, 0x1a2b3c4d], [2, 1], [2, 0], [8, 2n ** 64n - 1n]));
}

/** Options are code and value. */
export function interfaceDescription(
  littleEndian: boolean,
  linkType: number,
  snapLength: number,
  ...options: readonly (readonly [code: number, value: Uint8Array])[]
): Buffer {
  const written = options.map(([code, value]) =>
    Buffer.concat([
      numbers(littleEndian, [2, code], [2, value.length]),
      value,
      Buffer.alloc((4 - (value.length % 4)) % 4),
    ]),
  );
  return block(littleEndian, 1, numbers(littleEndian, [2, linkType], [2, 0], [4, snapLength]), ...written);
}

export function enhancedPacket(littleEndian: boolean, from: number, units: bigint, frame: Uint8Array): Buffer {
  const high = units >> 32n;
  const low = units & 0xffff_ffffn;
  const head = numbers(littleEndian, [4, from], [4, high], [4, low], [4, frame.length], [4, frame.length]);
  return block(littleEndian, 6, head, frame);
}
