import { type FileHandle, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { errorCode, UserError } from "../../../shared/errors.js";

const hex16 = z.string().regex(/^[0-9a-f]{32}$/);
const count = z.number().int().min(0);

const interval = { source: z.string(), from: count, to: count };

/** What a scan has counted over all its runs. */
const totals = z.strictObject({
  packets: count,
  replies: count,
  successes: count,
  cooldownSuccesses: count,
  results: count,
  duplicates: count,
  late: count,
  skipped: count,
  received: count,
  kernelDrops: count.nullable(),
  sendErrors: count,
  valid: count,
  foreign: count,
});

/**
 * What an interrupted scan needs to go on: who it is, its keys and targets, and how far each interval of its targets is. Every
 * row of an index below `done` is in the output's first `outputBytes` bytes; probes are out below `sent`, and perhaps
 * for the second behind it.
 */
const schema = z.strictObject({
  format: z.literal("parallax-scan"),
  version: z.literal(1),
  /** What may not change, by option. */
  scan: z.record(z.string(), z.string()),
  secret: hex16,
  permutationKey: hex16,
  /** Addresses after every exclusion, as `packTargets` writes them: what is blocked later must not move an index. */
  targets: z.strictObject({ ipv4: z.base64(), ipv6: z.base64() }),
  intervals: z.array(z.strictObject({ ...interval, sent: count, done: count })),
  /** Null: the output is no file. */
  outputBytes: count.nullable(),
  totals,
  /** Indices that were sent to and not over when a run ended: they were or will be asked again. */
  askedAgain: z.array(z.strictObject(interval)),
  startedAtMs: z.number(),
});

export type Checkpoint = Readonly<z.infer<typeof schema>>;
export type ScanTotals = Readonly<z.infer<typeof totals>>;

/** Null when there is no such file. Rejects with UserError (exit code 2) when it is no checkpoint. */
export async function readCheckpoint(file: string): Promise<Checkpoint | null> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw new UserError(`--resume: ${file} cannot be read (${errorCode(error)})`, {
      remedy: "name a file that may be read and written",
      exitCode: 2,
      cause: error,
    });
  }
  const parsed = schema.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  throw new UserError(`--resume: ${file} is no file that a scan left to be resumed`, {
    remedy: "name the file of the interrupted scan, or one that does not exist to begin a scan",
    exitCode: 2,
  });
}

/**
 * Throws UserError (exit code 2) when the checkpoint is of a scan with other parameters: its indices would mean other
 * targets, or its output would change its form in the middle. `scan` has a text for each option.
 */
export function requireSameScan(file: string, checkpoint: Checkpoint, scan: Readonly<Record<string, string>>): void {
  for (const option of new Set([...Object.keys(scan), ...Object.keys(checkpoint.scan)])) {
    const [then, now] = [checkpoint.scan[option], scan[option]];
    if (then === now) continue;
    throw new UserError(`--resume: ${file} is of another scan: ${option} was ${then ?? "-"} and is ${now ?? "-"}`, {
      remedy: "repeat the command as it was, or name another file to begin a new scan",
      exitCode: 2,
    });
  }
}

/**
 * Replaces the file in one step, so that at every moment there is a whole checkpoint: written beside it, synced, renamed,
 * and the folder synced. Only its owner can read it, for who has the secret can forge replies.
 */
export async function writeCheckpoint(file: string, checkpoint: Checkpoint): Promise<void> {
  const beside = `${file}.new`;
  try {
    await using(await open(beside, "w", 0o600), async (handle) => {
      await handle.writeFile(`${JSON.stringify(checkpoint)}\n`);
      await handle.datasync();
    });
    await rename(beside, file);
    await using(await open(dirname(file), "r"), (folder) => folder.sync());
  } catch (error) {
    throw new UserError(`--resume: ${file} cannot be written (${errorCode(error)})`, {
      remedy: "name a file in a folder that may be written and has room",
      cause: error,
    });
  }
}

async function using(handle: FileHandle, work: (handle: FileHandle) => Promise<void>): Promise<void> {
  try {
    await work(handle);
  } finally {
    await handle.close();
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is no checkpoint either: the schema says so.
    return null;
  }
}
