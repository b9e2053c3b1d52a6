import { open, readdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { errorCode, errorMessage, UserError } from "../../shared/errors.js";
import { type Ledger, openLedger } from "../ledger/ledger.js";
import { recordIn } from "../ledger/recorder.js";
import { openSpool, type Spool, type SpoolOptions } from "../spool/spool.js";

export interface NamedSpool {
  readonly spool: Spool;
  /** Random, made with the folder; the coordinator counts on the spool's batches for as long as it is the same. */
  readonly name: string;
  /** What ever was in the spool. */
  readonly ledger: Ledger;
}

export interface NamedSpoolOptions extends SpoolOptions {
  readonly agent: string;
  readonly uuid: () => string;
  /** Unix time. */
  readonly nowMs?: () => number;
}

const FILE = "identity.json";
/** Where the spool puts files that were damaged. */
const BAD = "bad";
export const LEDGER_FOLDER = "ledger";
const content = z.strictObject({
  spool: z.string().min(1).max(128),
  agent: z.string(),
  /** Damaged files when the spool got its name. */
  lost: z.int().min(0),
});
type Identity = z.infer<typeof content>;

/**
 * Opens the spool and finds its name. A spool that lost a batch, now or when it was used last, is another spool and gets
 * another name: then the coordinator has everything asked again that this agent had done and not committed.
 *
 * @throws UserError when the folder cannot be written, or is another agent's: its batches would be published under the
 * wrong name.
 */
export async function openNamedSpool(options: NamedSpoolOptions): Promise<NamedSpool> {
  const { folder, agent, uuid, report, nowMs = Date.now } = options;
  try {
    const found = await readIdentity(join(folder, FILE));
    if (found !== null && found.agent !== agent) {
      throw new UserError(`spool.folder: ${folder} is the spool of the agent ${found.agent}, not of ${agent}`, {
        remedy: "give each agent a folder of its own, or name this one as before",
        exitCode: 2,
      });
    }
    const ledger = await openLedger({ folder: join(folder, LEDGER_FOLDER), uuid, report });
    const spool = await openSpool({ ...options, onDurable: recordIn(ledger, nowMs) });
    ledger.caughtUp();
    const lost = (await readdir(join(folder, BAD))).length;
    const name = found === null || lost > found.lost ? uuid() : found.spool;
    if (name !== found?.spool || lost !== found.lost) {
      await writeIdentity(folder, { spool: name, agent, lost });
    }
    return { spool, name, ledger };
  } catch (cause) {
    if (cause instanceof UserError) {
      throw cause;
    }
    throw new UserError(`spool.folder: ${folder} cannot be used: ${errorMessage(cause)}`, {
      remedy: "let the agent's user write there, or name another folder",
      cause,
    });
  }
}

async function writeIdentity(folder: string, identity: Identity): Promise<void> {
  const unfinished = join(folder, `${FILE}.new`);
  const handle = await open(unfinished, "w", 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(identity)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(unfinished, join(folder, FILE));
}

async function readIdentity(file: string): Promise<Identity | null> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") {
      return null;
    }
    throw error;
  }
  const parsed = content.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new UserError(`${file} does not say whose spool this is`, {
      remedy: "remove the file; what the coordinator counts on from this spool is then asked again",
    });
  }
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
