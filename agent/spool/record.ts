import { createHash } from "node:crypto";
import { z } from "zod";
import { DecodeError } from "../../shared/errors.js";

const metaSchema = z.object({
  /** UUID text. */
  batch: z.string(),
  campaign: z.string(),
  table: z.string(),
  rows: z.number().int().min(0),
  /** Leases that have rows in the batch. */
  leases: z.array(z.object({ lease: z.string(), epoch: z.number().int().min(0) }).readonly()).readonly(),
});

/** What is known of a batch without reading its rows. */
export type SpoolMeta = Readonly<z.infer<typeof metaSchema>>;

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

/** Reads the meta data alone; they may be whole where the message is not. Throws DecodeError. */
export function decodeMeta(file: Buffer): SpoolMeta {
  if (file.length < HEADER_BYTES || file.toString("ascii", 0, MAGIC.length) !== MAGIC) {
    throw new DecodeError("not a spool file of this version");
  }
  const meta = file.subarray(HEADER_BYTES, HEADER_BYTES + file.readUInt32LE(8));
  if (!sha256(meta).equals(file.subarray(16, 48))) {
    throw new DecodeError("the meta data are not what their checksum says");
  }
  const parsed = metaSchema.safeParse(parseJson(meta.toString("utf8")));
  if (!parsed.success) throw new DecodeError("the meta data are not those of this version", { cause: parsed.error });
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DecodeError("the meta data are not JSON", { cause });
  }
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
