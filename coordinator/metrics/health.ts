import { z } from "zod";
import type { CoordinatorFacts } from "./facts.js";

/** What `parallax doctor` asks a coordinator that runs. Times are Unix milliseconds; null: it does not answer. */
export const health = z.object({
  nowMs: z.number(),
  broker: z.object({ lagMs: z.number(), waiting: z.number(), dead: z.number(), fullest: z.number() }).nullable(),
  warehouse: z.object({ uptimeSeconds: z.number(), rows: z.number(), failedQueries: z.number() }).nullable(),
  certificates: z.object({ authority: z.number(), server: z.number() }),
  alarms: z.number(),
  agents: z.array(
    z.object({
      agent: z.string(),
      state: z.enum(["connected", "silent", "gone"]),
      clockOffsetUs: z.number().nullable(),
      problem: z.string(),
      /** Null: not enrolled here. */
      certificateEndsMs: z.number().nullable(),
    }),
  ),
});

export type Health = z.infer<typeof health>;

export function healthOf(facts: CoordinatorFacts): Health {
  const { nowMs, broker, warehouse } = facts;
  const fill = ({ bytes, limitBytes }: { bytes: number; limitBytes: number }) =>
    limitBytes > 0 ? bytes / limitBytes : 0;
  return {
    nowMs,
    broker: broker && {
      lagMs: broker.rows.oldestMs === null ? 0 : Math.max(0, nowMs - broker.rows.oldestMs),
      waiting: broker.rows.messages,
      dead: broker.dead.messages,
      fullest: Math.max(fill(broker.rows), fill(broker.dead)),
    },
    warehouse: warehouse && {
      uptimeSeconds: warehouse.uptimeSeconds,
      rows: warehouse.tables.reduce((sum, { rows }) => sum + rows, 0),
      failedQueries: warehouse.failed,
    },
    certificates: facts.certificates,
    alarms: facts.alarms.length,
    agents: facts.agents.map(({ agent, state, selfTest }) => ({
      agent,
      state,
      clockOffsetUs: selfTest?.clock?.offsetUs ?? null,
      problem: selfTest?.problem ?? "",
      certificateEndsMs: facts.agentCertificates.get(agent) ?? null,
    })),
  };
}
