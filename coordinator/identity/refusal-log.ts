import type { Logger } from "pino";

/** Different refusals that are remembered; beyond, the oldest may be logged again. */
const REMEMBERED = 1_000;
/** After so long the same refusal is worth another line. */
const AGAIN_AFTER_MS = 3_600_000;

/** Says once who is not let in and why, however often they try. `where` is the port, `who` an address or an agent. */
export type RefusalLog = (where: string, who: string, reason: string) => void;

export function createRefusalLog(log: Pick<Logger, "warn">, nowMs: () => number): RefusalLog {
  const said = new Map<string, number>();
  return (where, who, reason) => {
    const key = `${where} ${who} ${reason}`;
    const last = said.get(key);
    if (last !== undefined && nowMs() - last < AGAIN_AFTER_MS) return;
    said.delete(key);
    said.set(key, nowMs());
    for (const oldest of said.keys()) {
      if (said.size <= REMEMBERED) break;
      said.delete(oldest);
    }
    log.warn({ where, who, reason }, "refused");
  };
}
