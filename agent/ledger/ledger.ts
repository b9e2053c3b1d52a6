import { existsSync } from "node:fs";
import { mkdir, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LedgerLine } from "../../shared/batch/ledger.js";
import { decodeLedger, encodeLedgerHead, encodeLedgerLine, type StoredLedger, writeAt } from "./file.js";

/** What was made, for a line. */
export type MadeBatch = Omit<LedgerLine, "line"> & { readonly campaign: string };

/** Lines of one campaign that the coordinator has not been told of yet. */
export interface UnsentLines {
  readonly campaign: string;
  readonly ledger: string;
  readonly lines: readonly LedgerLine[];
}

/**
 * What this agent made: a line for each batch that was ever durable in its spool, kept when the batch has left it, so
 * that the tables can be held against it. One file per campaign in a folder beside the spool's files.
 */
export interface Ledger {
  /** Resolves when the line is fsynced; a batch that has a line already gets no second. Rejects as the disk does. */
  record(made: MadeBatch): Promise<void>;
  /** Every batch that an earlier life left was recorded: those that come now are new. */
  caughtUp(): void;
  /** Oldest first, at most `limit` lines of each campaign. */
  unsent(limit: number): UnsentLines[];
  /** The lines below `line` are on their way and need not be sent again. One that is forgotten is sent twice. */
  sent(campaign: string, line: number): Promise<void>;
}

export interface LedgerOptions {
  readonly folder: string;
  readonly uuid: () => string;
  /** Files of campaigns that are wholly sent are removed, the oldest first, when all files together are larger. */
  readonly maxBytes?: number;
  /** A line for each damaged file. */
  readonly report: (problem: string) => void;
}

interface OpenLedger {
  readonly ledger: string;
  readonly file: string;
  bytes: number;
  next: number;
  sent: number;
  /** Lines from `sent` on. */
  unsent: LedgerLine[];
  /** What was in the file when it was opened. */
  readonly batches: Set<string>;
}

const SUFFIX = ".ledger";
const SENT = ".sent";
const MAX_BYTES = 64 * 1024 * 1024;

export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { folder, uuid, report, maxBytes = MAX_BYTES } = options;
  const open = new Map<string, OpenLedger>();
  let last: Promise<unknown> = Promise.resolve();

  await mkdir(folder, { recursive: true });
  await rotate(folder, maxBytes);
  for (const { file, stored, sent } of await storedLedgers(folder)) {
    if (stored.damaged > 0) report(`${stored.damaged} lines of ${file} are damaged: verify-ledger will miss them`);
    const next = 1 + stored.lines.reduce((most, { line }) => Math.max(most, line), stored.damaged - 1);
    open.set(stored.campaign, {
      ledger: stored.ledger,
      file,
      bytes: stored.bytes,
      next,
      sent,
      unsent: stored.lines.filter(({ line }) => line >= sent),
      batches: new Set(stored.lines.map(({ batch }) => batch)),
    });
  }

  const begin = async (campaign: string): Promise<OpenLedger> => {
    const ledger = uuid();
    const file = join(folder, `${fileName(campaign)}${SUFFIX}`);
    const head = encodeLedgerHead(ledger, campaign);
    await writeAt(file, 0, head);
    await syncFolder(folder);
    const begun = { ledger, file, bytes: head.length, next: 0, sent: 0, unsent: [], batches: new Set<string>() };
    open.set(campaign, begun);
    return begun;
  };

  const recordNow = async ({ campaign, ...made }: MadeBatch): Promise<void> => {
    const into = open.get(campaign) ?? (await begin(campaign));
    if (into.batches.has(made.batch)) return;
    const line = { line: into.next, ...made };
    const bytes = encodeLedgerLine(line);
    await writeAt(into.file, into.bytes, bytes);
    into.bytes += bytes.length;
    into.next++;
    into.unsent.push(line);
  };

  return {
    record(made) {
      const result = last.then(() => recordNow(made));
      last = result.catch(() => undefined);
      return result;
    },
    caughtUp() {
      for (const { batches } of open.values()) batches.clear();
    },
    unsent(limit) {
      const found: UnsentLines[] = [];
      for (const [campaign, { ledger, unsent }] of open) {
        if (unsent.length > 0) found.push({ campaign, ledger, lines: unsent.slice(0, limit) });
      }
      return found;
    },
    async sent(campaign, line) {
      const of = open.get(campaign);
      if (of === undefined) return;
      of.sent = line;
      of.unsent = of.unsent.filter((one) => one.line >= line);
      await writeFile(sentFile(of.file), String(line));
    },
  };
}

/** The ledgers in a folder, read without changing anything; for one campaign, or all. */
export async function readLedgers(folder: string, campaign?: string): Promise<StoredLedger[]> {
  // A spool of an earlier version has no ledger.
  const found = existsSync(folder) ? await storedLedgers(folder) : [];
  return found.map(({ stored }) => stored).filter((stored) => campaign === undefined || stored.campaign === campaign);
}

async function storedLedgers(folder: string) {
  const found: { file: string; stored: StoredLedger; sent: number }[] = [];
  for (const name of (await readdir(folder)).filter((one) => one.endsWith(SUFFIX)).sort()) {
    const file = join(folder, name);
    const stored = decodeLedger(await readFile(file));
    if (stored !== null) found.push({ file, stored, sent: await readSent(file) });
  }
  return found;
}

/** Removes what was sent long ago, campaign by campaign. Ids of campaigns begin with their series: look at the time. */
async function rotate(folder: string, maxBytes: number): Promise<void> {
  const found = await storedLedgers(folder);
  let bytes = found.reduce((sum, { stored }) => sum + stored.bytes, 0);
  const begun = ({ stored }: (typeof found)[number]) => stored.lines.at(-1)?.madeAtMs ?? Number.POSITIVE_INFINITY;
  for (const one of found.sort((a, b) => begun(a) - begun(b))) {
    if (bytes <= maxBytes) return;
    if (one.stored.lines.every(({ line }) => line < one.sent)) {
      await rm(one.file);
      await rm(sentFile(one.file), { force: true });
      bytes -= one.stored.bytes;
    }
  }
}

async function readSent(file: string): Promise<number> {
  const text = await readFile(sentFile(file), "utf8").catch(() => "");
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

function sentFile(file: string): string {
  return file.slice(0, -SUFFIX.length) + SENT;
}

/** Campaign ids are names; any other text is kept from naming a file elsewhere. */
function fileName(campaign: string): string {
  return encodeURIComponent(campaign).replaceAll(".", "%2E");
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
