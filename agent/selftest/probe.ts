import type { EvidenceRow, FactRow } from "../../shared/batch/rows.js";
import { planId, type WorkPlan } from "../../shared/lease/work.js";
import { EXCHANGE_PROFILE } from "../../shared/selftest/fidelity.js";
import type { Target } from "../../shared/target/source.js";
import { openTargetSource, type TargetSourceSpec } from "../../shared/target/spec.js";
import type { ProbeNetwork } from "../lease/probing.js";

/** Probes of the self-test: few, to addresses that the operator has named. */
export interface TestProbes {
  readonly stage: "synscan" | "tracebox";
  readonly targets: readonly Target[];
  readonly variants: WorkPlan["variants"];
  readonly retries: number;
  readonly replyWindowMs: number;
  /** tracebox: highest TTL; else 0. */
  readonly maxTtl: number;
}

export interface TestProbing {
  readonly network: Pick<ProbeNetwork, "startProbing">;
  /** Of this process' self-tests, 16 bytes. */
  readonly secret: Uint8Array;
  /** As for leases: nothing is sent without a session. */
  readonly allowedUntil: () => number;
}

const CAMPAIGN = "self-test";
const PACKETS_PER_SECOND = 100;

/**
 * Sends probes as a lease would have them sent, under the agent's own caps, blocks and opt-outs, and gives the rows that
 * answers made once all is over. Rejects with UserError as the engine does.
 */
export async function sendTestProbes(
  probes: TestProbes,
  probing: TestProbing,
  signal: AbortSignal,
): Promise<EvidenceRow[]> {
  const { stage, targets } = probes;
  const sourceSpec: TargetSourceSpec = { kind: "list", targets, from: 0, size: targets.length };
  const rows: EvidenceRow[] = [];
  const run = probing.network.startProbing({
    plan: {
      ...probes,
      plan: planId(CAMPAIGN, stage),
      campaign: CAMPAIGN,
      secret: probing.secret,
      ports: [...new Set(targets.map(({ port }) => port))],
      options: EXCHANGE_PROFILE,
      packetsPerSecond: PACKETS_PER_SECOND,
      perPrefix: null,
      routerPacketsPerSecond: null,
      timing: null,
      source: { kind: "list", size: targets.length },
    },
    source: openTargetSource(sourceSpec),
    sourceSpec,
    from: 0,
    to: targets.length,
    allowedUntil: () => (signal.aborted ? 0 : probing.allowedUntil()),
    emit: (row: FactRow) => {
      if (row.table !== "target_skips" && row.table !== "web_timings") rows.push(row);
    },
  });
  const stop = (): void => run.stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await run.finished;
  } finally {
    signal.removeEventListener("abort", stop);
  }
  return rows;
}
