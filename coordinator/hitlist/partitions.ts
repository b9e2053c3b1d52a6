import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { ADDRESS_BYTES, copyAddress } from "./address-list.js";

const PARTITIONS = 256;
/** 8 MiB of buffers in all. */
const BUFFERED_ADDRESSES = 2_048;

/** Addresses on disk, divided so that the same address is always in the same partition. */
export interface Partitions {
  /** `hash` is any 32-bit number that equal addresses share. */
  add(address: Uint8Array, hash: number): void;
  /** The addresses of one partition after the other, 16 bytes each, in the order of `add`; each good until the next. */
  read(): Generator<Uint8Array>;
  close(): void;
}

/** The files are deleted at once and live on as long as they are open: nothing is left after a crash. */
export function createPartitions(folder: string): Partitions {
  const own = mkdtempSync(join(folder, "partitions-"));
  const parts = Array.from({ length: PARTITIONS }, (_, i) => ({
    file: openSync(join(own, String(i)), "wx+", 0o600),
    buffer: new Uint8Array(BUFFERED_ADDRESSES * ADDRESS_BYTES),
    buffered: 0,
    written: 0,
  }));
  rmSync(own, { recursive: true });
  type Part = (typeof parts)[number];

  const flush = (part: Part): void => {
    for (let at = 0; at < part.buffered; ) {
      const bytes = writeSync(part.file, part.buffer, at, part.buffered - at, part.written);
      at += bytes;
      part.written += bytes;
    }
    part.buffered = 0;
  };
  return {
    add(address, hash) {
      const part = parts[hash >>> 24] as Part;
      const { buffer, buffered } = part;
      copyAddress(address, 0, buffer, buffered);
      part.buffered = buffered + ADDRESS_BYTES;
      if (part.buffered === buffer.length) {
        flush(part);
      }
    },
    *read() {
      for (const part of parts) flush(part);
      const memory = new Uint8Array(Math.max(...parts.map(({ written }) => written)));
      for (const part of parts) {
        const content = memory.subarray(0, part.written);
        for (let at = 0; at < content.length; ) {
          const bytes = readSync(part.file, content, at, content.length - at, at);
          if (bytes === 0) throw new Error("a partition file has become shorter");
          at += bytes;
        }
        yield content;
      }
    },
    close() {
      for (const part of parts) closeSync(part.file);
    },
  };
}
