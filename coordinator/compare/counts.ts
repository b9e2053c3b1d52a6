import type { Store } from "../store/store.js";

/** Counts of a rollup by these columns, made with it, so that a comparison need not read it. */
const COUNTED = {
  view_counts: { rollup: "target_views", by: "port, vantage, verdict" },
  class_counts: { rollup: "target_classes", by: "port, host_verdict, placement" },
} as const;

/** Makes the counts, or makes them again, from the rollup as it is now. */
export async function buildCounts(store: Store, counts: keyof typeof COUNTED, campaign: string): Promise<void> {
  const { rollup, by } = COUNTED[counts];
  await store.removeRows(counts, "campaign = {campaign:String}", { campaign });
  await store.command(
    `INSERT INTO ${counts} (campaign, ${by}, targets)
     SELECT {campaign:String}, ${by}, count() FROM ${rollup} FINAL WHERE campaign = {campaign:String} GROUP BY ${by}`,
    { campaign },
  );
}
