import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, errorMessage } from "../../shared/errors.js";
import { decodeMeta, decodeRecord, encodeRecord, type SpoolMeta } from "./record.js";

/** The batch was not taken and nothing was lost: stop probing, keep it, try again when others are committed. */
export class SpoolFull extends Error {
  override readonly name = "SpoolFull";
  readonly remedy = "give the spool more room (spool.maxBytes, a larger disk) or see why batches are not committed";
}

/** A file that did not stand the check of its checksum; it lies in the folder `bad` now. */
interface DamagedBatch {
  readonly file: string;
  /** Null when the meta data are damaged as well. */
  readonly meta: SpoolMeta | null;
}

/**
 * Batches on disk, from the moment their rows count as done until they are committed. One file per batch, named by a
 * sequence number and the batch id; whole or not there (written aside, fsynced, renamed, folder fsynced).
 */
export interface Spool {
  /**
   * Puts a batch in; resolves when file and folder are fsynced. Batches get in one after the other, in the order of
   * the calls. Rejects with SpoolFull when the file would not fit `maxBytes` or the disk.
   */
  append(meta: SpoolMeta, message: Uint8Array): Promise<void>;
  /** Batches in the spool that are to be published, oldest first. */
  list(): readonly SpoolMeta[];
  /** Batches that were set aside, in this life or an earlier one. */
  aside(): readonly SpoolMeta[];
  /** Sets a batch aside: it stays on the disk and counts, and is not published. Resolves when that is durable. */
  setAside(batch: string): Promise<void>;
  /** The message of a batch, or null when it is not there any more or was found damaged (and moved to `bad`). */
  read(batch: string): Promise<Uint8Array | null>;
  /** Forgets a batch; one that is not there is no error. */
  remove(batch: string): Promise<void>;
  /** Bytes of all files. */
  readonly bytes: number;
  /** Batches found damaged since the spool was opened. */
  readonly damaged: readonly DamagedBatch[];
  facts(): SpoolFacts;
}

/** How full a spool is, and what went through it since it was opened. */
export interface SpoolFacts {
  readonly bytes: number;
  /** Batches: to be published, set aside, found damaged. */
  readonly waiting: number;
  readonly buried: number;
  readonly damaged: number;
  /** When the oldest batch that is to be published was stored, in Unix milliseconds; null: there is none. */
  readonly oldestMs: number | null;
  readonly storedRows: number;
  readonly storedBytes: number;
}

export interface SpoolOptions {
  readonly folder: string;
  readonly maxBytes: number;
  /** One line for each damaged file. */
  readonly report: (problem: string) => void;
  /**
   * Called with each batch that is durable, before anyone can see it in the spool, and at the opening with each that is
   * found there. When it rejects, the batch was not taken.
   */
  readonly onDurable?: (meta: SpoolMeta, message: Uint8Array) => Promise<void>;
  /** Unix milliseconds. */
  readonly nowMs?: () => number;
}

interface Entry {
  readonly meta: SpoolMeta;
  file: string;
  readonly bytes: number;
  /** Unix milliseconds. */
  readonly storedMs: number;
}

/** Ends of the names of batches that are to be published, and of those that were set aside. */
export const SUFFIX = ".batch";
export const ASIDE = ".buried";
const UNFINISHED = ".tmp";
const NO_SPACE = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** Opens the spool, makes its folder if need be, checks every file in it and drops unfinished ones. */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { folder, maxBytes, report, onDurable = async () => undefined, nowMs = Date.now } = options;
  const badFolder = join(folder, "bad");
  const entries = new Map<string, Entry>();
  const damaged: DamagedBatch[] = [];
  let bytes = 0;
  let storedRows = 0;
  let storedBytes = 0;
  let sequence = 0;
  let last: Promise<unknown> = Promise.resolve();

  const metas = (which: (entry: Entry) => boolean) => [...entries.values()].filter(which).map(({ meta }) => meta);
  const forget = (entry: Entry): void => {
    entries.delete(entry.meta.batch);
    bytes -= entry.bytes;
  };
  const moveToBad = async (file: string, content: Buffer, cause: unknown): Promise<void> => {
    await rename(join(folder, file), join(badFolder, file));
    damaged.push({ file, meta: metaIfWhole(content) });
    report(`spool file ${file} is damaged and was moved to ${badFolder}: ${errorMessage(cause)}`);
  };

  await mkdir(badFolder, { recursive: true });
  for (const file of (await readdir(folder)).sort()) {
    if (file.endsWith(UNFINISHED)) {
      await rm(join(folder, file));
    }
    if (file.endsWith(SUFFIX) || file.endsWith(ASIDE)) {
      sequence = Math.max(sequence, Number.parseInt(file, 10) || 0);
      const content = await readFile(join(folder, file));
      let record: ReturnType<typeof decodeRecord> | null = null;
      try {
        record = decodeRecord(content);
      } catch (cause) {
        await moveToBad(file, content, cause);
      }
      if (record !== null) {
        await onDurable(record.meta, record.message);
        const { mtimeMs: storedMs } = await stat(join(folder, file));
        entries.set(record.meta.batch, { meta: record.meta, file, bytes: content.length, storedMs });
        bytes += content.length;
      }
    }
  }

  const appendNow = async (meta: SpoolMeta, message: Uint8Array): Promise<void> => {
    const record = encodeRecord(meta, message);
    if (bytes + record.length > maxBytes) {
      throw new SpoolFull(`the spool holds ${bytes} of ${maxBytes} bytes, a batch of ${record.length} does not fit`);
    }
    sequence++;
    const file = `${String(sequence).padStart(12, "0")}-${meta.batch}${SUFFIX}`;
    await writeDurably(folder, file, record);
    try {
      await onDurable(meta, message);
    } catch (cause) {
      // Whoever stores it again must not find it there.
      await rm(join(folder, file), { force: true });
      throw NO_SPACE.has(errorCode(cause)) ? new SpoolFull(`the disk of ${folder} is full`, { cause }) : cause;
    }
    entries.set(meta.batch, { meta, file, bytes: record.length, storedMs: nowMs() });
    bytes += record.length;
    storedRows += meta.rows;
    storedBytes += record.length;
  };

  return {
    append(meta, message) {
      const result = last.then(() => appendNow(meta, message));
      last = result.catch(() => undefined);
      return result;
    },
    list: () => metas((entry) => !entry.file.endsWith(ASIDE)),
    aside: () => metas((entry) => entry.file.endsWith(ASIDE)),
    async setAside(batch) {
      const entry = entries.get(batch);
      if (entry === undefined || entry.file.endsWith(ASIDE)) return;
      const from = entry.file;
      entry.file = from.slice(0, -SUFFIX.length) + ASIDE;
      await rename(join(folder, from), join(folder, entry.file));
      await withFile(folder, "r", (handle) => handle.sync());
    },
    async read(batch) {
      const entry = entries.get(batch);
      if (entry === undefined) {
        return null;
      }
      const content = await readIfThere(join(folder, entry.file));
      if (content === null) {
        return null;
      }
      try {
        return decodeRecord(content).message;
      } catch (cause) {
        forget(entry);
        await moveToBad(entry.file, content, cause);
        return null;
      }
    },
    async remove(batch) {
      const entry = entries.get(batch);
      if (entry !== undefined) {
        forget(entry);
        await rm(join(folder, entry.file), { force: true });
      }
    },
    get bytes() {
      return bytes;
    },
    get damaged() {
      return damaged;
    },
    facts() {
      const waiting = [...entries.values()].filter((entry) => !entry.file.endsWith(ASIDE));
      return {
        ...{ bytes, storedRows, storedBytes },
        waiting: waiting.length,
        buried: entries.size - waiting.length,
        damaged: damaged.length,
        oldestMs: waiting.reduce<number | null>((least, { storedMs }) => Math.min(least ?? storedMs, storedMs), null),
      };
    },
  };
}

async function writeDurably(folder: string, file: string, content: Uint8Array): Promise<void> {
  const unfinished = join(folder, file + UNFINISHED);
  try {
    await withFile(unfinished, "wx", async (handle) => {
      await handle.writeFile(content);
      await handle.sync();
    });
  } catch (cause) {
    await rm(unfinished, { force: true });
    if (NO_SPACE.has(errorCode(cause))) {
      throw new SpoolFull(`the disk of ${folder} is full`, { cause });
    }
    throw cause;
  }
  await rename(unfinished, join(folder, file));
  await withFile(folder, "r", (handle) => handle.sync());
}

async function withFile(path: string, flags: string, use: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await open(path, flags);
  try {
    await use(handle);
  } finally {
    await handle.close();
  }
}

/** Null when the file was removed since it was listed. */
async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (errorCode(cause) === "ENOENT") {
      return null;
    }
    throw cause;
  }
}

function metaIfWhole(content: Buffer): SpoolMeta | null {
  try {
    return decodeMeta(content);
  } catch {
    return null;
  }
}
