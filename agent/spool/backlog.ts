import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../../shared/errors.js";
import { ASIDE, type SpoolFacts, SUFFIX } from "./spool.js";

/** What lies in a spool's folder, without opening it: the agent that owns it may run. */
export async function readBacklog(
  folder: string,
): Promise<Pick<SpoolFacts, "waiting" | "buried" | "damaged" | "oldestMs">> {
  const files = await names(folder);
  const waiting = files.filter((file) => file.endsWith(SUFFIX)).sort();
  const [oldest] = waiting;
  return {
    waiting: waiting.length,
    buried: files.filter((file) => file.endsWith(ASIDE)).length,
    damaged: (await names(join(folder, "bad"))).length,
    oldestMs: oldest === undefined ? null : await storedMs(join(folder, oldest)),
  };
}

/** None where there is no folder: the agent has not run yet. */
async function names(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  });
}

/** Null when it was committed since it was listed. */
async function storedMs(file: string): Promise<number | null> {
  return stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    (error: unknown) => {
      if (errorCode(error) === "ENOENT") return null;
      throw error;
    },
  );
}
