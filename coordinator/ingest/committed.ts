import { FACT_TABLES } from "../../shared/batch/tables.js";
import type { Store } from "../store/store.js";

/** Whether any row of the batch is in its table: inserts are whole or not there. */
export async function isCommitted(
  store: Pick<Store, "rows">,
  campaign: string,
  { batch, table }: { readonly batch: string; readonly table: string },
): Promise<boolean> {
  if (table !== "ledger" && !Object.hasOwn(FACT_TABLES, table)) return false;
  const sql = `SELECT count() AS n FROM (
    SELECT 1 FROM ${table} WHERE campaign = {campaign:String} AND batch = {batch:UUID} LIMIT 1)`;
  for await (const row of store.rows(sql, { campaign, batch })) return row.n !== 0;
  return false;
}

/** Whether there is such a campaign; one that was seen is not looked up again. */
export function createCampaignCheck(store: Pick<Store, "rows">): (campaign: string) => Promise<boolean> {
  const known = new Set<string>();
  return async (campaign) => {
    if (known.has(campaign)) return true;
    for await (const row of store.rows("SELECT count() AS n FROM campaigns WHERE id = {campaign:String}", {
      campaign,
    })) {
      if (row.n !== 0) known.add(campaign);
    }
    return known.has(campaign);
  };
}
