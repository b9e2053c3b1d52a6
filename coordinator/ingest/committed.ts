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
export function createCampaignCheck(store: Pick<Store, "rows" | "catchUp">): (campaign: string) => Promise<boolean> {
  const known = new Set<string>();
  const look = async (campaign: string): Promise<boolean> => {
    const sql = "SELECT count() AS n FROM campaigns WHERE id = {campaign:String}";
    for await (const row of store.rows(sql, { campaign })) if (row.n !== 0) known.add(campaign);
    return known.has(campaign);
  };
  return async (campaign) => {
    if (known.has(campaign) || (await look(campaign))) return true;
    // The node that was asked may be behind the one that has it.
    await store.catchUp("campaigns");
    return look(campaign);
  };
}
