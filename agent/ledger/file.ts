import { type FileHandle, open } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { z } from "zod";
import type { LedgerLine } from "../../shared/batch/ledger.js";

/*
 * A ledger file, one per campaign, is text: `CCCCCCCC JSON\n` for each line, where C is the CRC-32 of the JSON in
 * hexadecimal. The first line is { "ledger": UUID, "campaign": ID }; each of the others is a LedgerLine. Lines are
 * written at a known place and fsynced, so that what a crash or a full disk cut off is written over.
 */

const headSchema = z.object({ ledger: z.uuid(), campaign: z.string().min(1) });
const lineSchema = z.object({
  line: z.int().min(0),
  batch: z.string(),
  table: z.string(),
  rows: z.int().min(0),
  sha256: z.string(),
  leases: z.array(z.string()),
  madeAtMs: z.number(),
});

/** A ledger as it lies on the disk. */
export interface StoredLedger {
  /** Random name, made with the file. */
  readonly ledger: string;
  readonly campaign: string;
  readonly lines: readonly LedgerLine[];
  /** Bytes up to the end of the last whole line. */
  readonly bytes: number;
  /** Whole lines whose checksum is wrong; their numbers are missing among `lines`. */
  readonly damaged: number;
}

export function encodeLedgerHead(ledger: string, campaign: string): Buffer {
  return checked({ ledger, campaign });
}

export function encodeLedgerLine(line: LedgerLine): Buffer {
  return checked(line);
}

/** Null for a file without a whole first line: it was cut off when it was made, and nothing was in it. */
export function decodeLedger(content: Buffer): StoredLedger | null {
  const bytes = content.lastIndexOf(0x0a) + 1;
  const [first = "", ...rest] = content.toString("utf8", 0, bytes).split("\n");
  const head = headSchema.safeParse(unchecked(first));
  if (!head.success) return null;
  const lines: LedgerLine[] = [];
  let damaged = 0;
  for (const text of rest.slice(0, -1)) {
    const line = lineSchema.safeParse(unchecked(text));
    if (line.success) lines.push(line.data);
    else damaged++;
  }
  return { ...head.data, lines, bytes, damaged };
}

/** Writes bytes at a place of a file, made when missing; resolves when they are fsynced. */
export async function writeAt(file: string, position: number, bytes: Uint8Array): Promise<void> {
  const handle = await openForWriting(file);
  try {
    await handle.truncate(position);
    const { bytesWritten } = await handle.write(bytes, 0, bytes.length, position);
    if (bytesWritten < bytes.length) throw Object.assign(new Error(`no room for ${file}`), { code: "ENOSPC" });
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

async function openForWriting(file: string): Promise<FileHandle> {
  const made = await open(file, "a");
  await made.close();
  return open(file, "r+");
}

function checked(value: object): Buffer {
  const json = JSON.stringify(value);
  return Buffer.from(`${crc32(json).toString(16).padStart(8, "0")} ${json}\n`);
}

/** Undefined for a line that is not what its checksum says. */
function unchecked(text: string): unknown {
  const json = text.slice(9);
  if (text.slice(0, 8) !== crc32(json).toString(16).padStart(8, "0")) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
