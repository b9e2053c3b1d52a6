import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRowStore } from "../../../agent/lease/store.js";
import { decodeRecord } from "../../../agent/spool/record.js";
import { openSpool } from "../../../agent/spool/spool.js";
import { decodeBatch } from "../../../shared/batch/codec.js";
import { prependConstants } from "../../../shared/batch/constants.js";
import { replies } from "./replies.js";
import { CAMPAIGN } from "./site.js";

const SUFFIX = ".batch";

export interface FilledSpool {
  readonly folder: string;
  readonly batches: number;
  readonly rows: number;
  /** Of the messages. */
  readonly bytes: number;
}

/** Makes batches of replies as an agent does, and puts them into a spool. */
export async function fillSpool(folder: string, rows: number): Promise<FilledSpool> {
  const spool = await openSpool({ folder, maxBytes: Number.MAX_SAFE_INTEGER, report: console.error });
  const writer = createRowStore({
    ...{ agent: "fra-1", instance: "bench", spool },
    publisher: { wake: () => undefined },
    onCut: () => undefined,
  });
  for (const row of replies(rows, 42)) {
    const waiting = writer.waiting;
    writer.append(CAMPAIGN, { lease: "bench", epoch: 1 }, row);
    if (writer.waiting > waiting) await writer.drain();
  }
  writer.cut();
  await writer.drain();
  return { folder, batches: spool.list().length, rows, bytes: spool.bytes };
}

/** A spool with the same batches: the files are the same ones, which nobody writes. */
export function copySpool(from: FilledSpool, folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const file of batchFiles(from.folder)) linkSync(join(from.folder, file), join(folder, file));
  return folder;
}

/** Writes the batches as the blocks that ingest makes of them, each into a file named by its batch. Returns the files. */
export function writeBlocks(from: FilledSpool, folder: string): string[] {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return batchFiles(from.folder).map((name) => {
    const { batch, block } = decodeBatch(decodeRecord(readFileSync(join(from.folder, name))).message);
    const file = join(folder, batch);
    const constants = { campaign: CAMPAIGN, vantage: "fra", agent: "fra-1", batch };
    writeFileSync(file, Buffer.concat(prependConstants(block, constants)));
    return file;
  });
}

function batchFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(SUFFIX))
    .sort();
}
