import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { Decompress } from "fzstd";
import { errorCode, errorMessage, UserError } from "../../shared/errors.js";

/** A file, and what to call it in messages. */
export interface NamedFile {
  readonly path: string;
  readonly name: string;
}

const PIECE_BYTES = 256 * 1024;

/**
 * The text of a file in pieces, each good until the next is asked for: plain, or compressed with gzip or zstd as its first bytes say. Of zstd the checksum of a
 * frame is not verified. Throws UserError (exit code 2) for a file that cannot be read, is damaged or cut off.
 */
export async function* readText(file: NamedFile): AsyncGenerator<Uint8Array> {
  try {
    yield* unpack(file, await compressionOf(file.path));
  } catch (cause) {
    if (cause instanceof UserError) {
      throw cause;
    }
    const why = errorCode(cause) === "ENOENT" ? "does not exist" : `cannot be read: ${errorMessage(cause)}`;
    throw new UserError(`${file.name} ${why}`, { remedy: "check the file; it may be cut off", exitCode: 2, cause });
  }
}

type Compression = "none" | "gzip" | "zstd" | "xz";

async function compressionOf(path: string): Promise<Compression> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(5), 0, 5, 0);
    const start = buffer.subarray(0, bytesRead).toString("hex");
    // A frame of data or one to be skipped (RFC 8878 sections 3.1.1 and 3.1.2), as parallel compressors begin.
    if (/^28b52ffd|^5.2a4d18/.test(start)) return "zstd";
    if (start.startsWith("1f8b")) return "gzip";
    return start === "fd377a585a" ? "xz" : "none";
  } finally {
    await file.close();
  }
}

async function* unpack({ path, name }: NamedFile, compression: Compression): AsyncGenerator<Uint8Array> {
  if (compression === "xz") {
    throw new UserError(`${name} is compressed with xz`, {
      remedy: "decompress it with `xz -d`; plain text, gzip and zstd are read",
      exitCode: 2,
    });
  }
  switch (compression) {
    case "none":
      yield* readPlain(path);
      return;
    case "gzip":
      // What goes wrong in either stream is thrown where the last one is read.
      yield* pipeline(createReadStream(path), createGunzip({ chunkSize: PIECE_BYTES }), () => undefined);
      return;
    case "zstd":
      yield* unpackZstd(createReadStream(path));
  }
}

/** With one buffer for all: a stream's pieces would wait for the garbage collector by the hundred. */
async function* readPlain(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path);
  try {
    const piece = new Uint8Array(PIECE_BYTES);
    for (;;) {
      const { bytesRead } = await file.read(piece, 0, piece.length);
      if (bytesRead === 0) return;
      yield piece.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

async function* unpackZstd(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let unpacked: Uint8Array[] = [];
  const decompressor = new Decompress((piece) => unpacked.push(piece));
  const take = (): Uint8Array[] => {
    const taken = unpacked;
    unpacked = [];
    return taken;
  };
  for await (const piece of pieces) {
    decompressor.push(piece);
    yield* take();
  }
  decompressor.push(new Uint8Array(0), true);
  yield* take();
}
