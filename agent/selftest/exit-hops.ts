import type { EvidenceRow } from "../../shared/batch/rows.js";
import type { ExitHops } from "../../shared/selftest/self-test.js";
import type { Target } from "../../shared/target/source.js";
import { sendTestProbes, type TestProbing } from "./probe.js";

/** The hops of most data centres end before. */
const MOST_HOPS = 5;
const RETRIES = 1;
const REPLY_WINDOW_MS = 1_000;

/** Finds the first hops on the way to a target, by a few SYNs without an MPTCP option. Rejects with UserError. */
export async function findExitHops(target: Target, probing: TestProbing, signal: AbortSignal): Promise<ExitHops> {
  const rows = await sendTestProbes(
    {
      ...{ stage: "tracebox", targets: [target], variants: ["plain"] },
      ...{ retries: RETRIES, replyWindowMs: REPLY_WINDOW_MS, maxTtl: MOST_HOPS },
    },
    probing,
    signal,
  );
  return { target: target.address, hops: hopsOf(rows) };
}

/** Routers by TTL, from 1 to the last that said anything. */
export function hopsOf(rows: readonly EvidenceRow[]): (Uint8Array | null)[] {
  const hops: (Uint8Array | null)[] = [];
  for (const row of rows) {
    if (row.table !== "trace_hops" || row.kind !== "time-exceeded") continue;
    while (hops.length < row.ttl) hops.push(null);
    hops[row.ttl - 1] = row.responder;
  }
  return hops;
}
