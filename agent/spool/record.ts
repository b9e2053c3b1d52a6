import { createHash } from "node:crypto";
import { DecodeError } from "../../shared/errors.js";

/** A lease that has rows in a batch. */
interface SpooledLease {
  readonly lease: string;
  readonly epoch: number;
}

/** What is known of a batch without reading its rows. */
export interface SpoolMeta {
  /** UUID text. */
  readonly batch: string;
  readonly campaign: string;
  readonly table: string;
  readonly rows: number;
  readonly leases: readonly SpooledLease[];
}

/*
 * A spool file:
 *
 *   0   8  "PLXSPL01"
 *   8   4  length of the meta data, little-endian
 *   12  4  length of the message, little-endian
 *   16  32 SHA-256 of the meta data
 *   48  32 SHA-256 of the message
 *   80     meta data (JSON of SpoolMeta), then the message as it goes to the broker
 *
 * Two checksums, so that a file whose message is damaged still tells whose rows are lost.
 */
const MAGIC = "PLXSPL01";
const HEADER_BYTES = 80;

export function encodeRecord(meta: SpoolMeta, message: Uint8Array): Uint8Array {
  const metaBytes = Buffer.from(JSON.stringify(meta), "utf8");
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(MAGIC, 0, "ascii");
  header.writeUInt32LE(metaBytes.length, 8);
  header.writeUInt32LE(message.length, 12);
  sha256(metaBytes).copy(header, 16);
  sha256(message).copy(header, 48);
  return Buffer.concat([header, metaBytes, message]);
}

/** Reads the whole record. Throws DecodeError for a file that is cut short, overlong or altered. */
export function decodeRecord(file: Buffer): { meta: SpoolMeta; message: Uint8Array } {
  const meta = decodeMeta(file);
  const message = file.subarray(HEADER_BYTES + file.readUInt32LE(8));
  if (message.length !== file.readUInt32LE(12) || !sha256(message).equals(file.subarray(48, 80))) {
    throw new DecodeError("the message is not what its checksum says");
  }
  return { meta, message };
}

/** Reads the meta data alone; they may be whole where the message is not. */
export function decodeMeta(file: Buffer): SpoolMeta {
  if (file.length < HEADER_BYTES || file.toString("ascii", 0, MAGIC.length) !== MAGIC) {
    throw new DecodeError("not a spool file of this version");
  }
  const meta = file.subarray(HEADER_BYTES, HEADER_BYTES + file.readUInt32LE(8));
  if (!sha256(meta).equals(file.subarray(16, 48))) {
    throw new DecodeError("the meta data are not what their checksum says");
  }
  return JSON.parse(meta.toString("utf8"));
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
