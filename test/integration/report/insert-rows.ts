import { createHash } from "node:crypto";
import type { Store } from "../../../coordinator/store/store.js";
import { prependConstants } from "../../../shared/batch/constants.js";
import { createBatchEncoder } from "../../../shared/batch/native.js";
import type { FactRow } from "../../../shared/batch/rows.js";
import type { FactTable } from "../../../shared/batch/tables.js";

/**
 * Inserts rows as ingest does: batches of the agents' format, the constants in front, a token each. Resolves with the
 * number of rows.
 */
export async function insertFacts(
  store: Store,
  origin: { readonly campaign: string; readonly vantage: string; readonly agent: string },
  rows: Iterable<FactRow>,
): Promise<number> {
  const encoders = {
    syn_replies: createBatchEncoder("syn_replies"),
    trace_hops: createBatchEncoder("trace_hops"),
    handshakes: createBatchEncoder("handshakes"),
    web_timings: createBatchEncoder("web_timings"),
    target_skips: createBatchEncoder("target_skips"),
  };
  let batches = 0;
  const flush = async (table: FactTable): Promise<void> => {
    const hash = createHash("sha256").update(`${origin.campaign}/${origin.agent}/${table}/${batches++}`).digest("hex");
    const batch = `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
    await store.insertBlock(table, prependConstants(encoders[table].finish(), { ...origin, batch }), batch);
  };
  let inserted = 0;
  for (const row of rows) {
    if (row.table === "syn_replies") encoders.syn_replies.append(row);
    else if (row.table === "trace_hops") encoders.trace_hops.append(row);
    else if (row.table === "handshakes") encoders.handshakes.append(row);
    else if (row.table === "web_timings") encoders.web_timings.append(row);
    else encoders.target_skips.append(row);
    inserted++;
    if (encoders[row.table].full) await flush(row.table);
  }
  for (const table of ["syn_replies", "trace_hops", "handshakes", "web_timings", "target_skips"] as const) {
    if (encoders[table].rows > 0) await flush(table);
  }
  return inserted;
}
