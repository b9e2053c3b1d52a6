import { z } from "zod";
import { VARIANTS } from "../../shared/probe/variant.js";
import { hopKind, hostVerdict, placement, textAddress } from "../compare/rows.js";
import type { Store } from "../store/store.js";
import type { CampaignClassCount, HopEvidence } from "./overview.js";

const classCount = z.object({
  campaign: z.string(),
  port: z.number(),
  hostVerdict,
  placement,
  targets: z.number(),
});

/** How many targets of each kind every campaign has, from the counts beside the rollups: whatever the size. */
export async function readClassCounts(store: Store): Promise<CampaignClassCount[]> {
  const counts: CampaignClassCount[] = [];
  const sql = `
    SELECT toString(campaign) AS campaign, port, toString(host_verdict) AS hostVerdict, toString(placement) AS placement, targets
    FROM class_counts FINAL ORDER BY campaign, port, targets DESC, hostVerdict, placement`;
  for await (const row of store.rows(sql)) counts.push(classCount.parse(row));
  return counts;
}

const hopEvidence = z.object({
  vantage: z.string(),
  variant: z.enum(VARIANTS),
  ttl: z.number(),
  kind: hopKind,
  responder: z.string(),
  receivedAtMs: z.number(),
  quote: z.string(),
  options: z.string(),
});

/** The bytes behind the hops of one target. */
export async function readHopEvidence(
  store: Store,
  parameters: { readonly campaign: string; readonly target: string; readonly port: number },
): Promise<HopEvidence[]> {
  const found: HopEvidence[] = [];
  const sql = `
    SELECT toString(vantage) AS vantage, toString(variant) AS variant, ttl, toString(kind) AS kind,
      ${textAddress("trace_hops.responder")} AS responder, toUnixTimestamp64Milli(toDateTime64(received_at, 3)) AS receivedAtMs,
      lower(hex(trace_hops.quote)) AS quote, lower(hex(trace_hops.options)) AS options
    FROM trace_hops
    WHERE campaign = {campaign:String} AND port = {port:UInt16} AND target = toIPv6({target:String})
    ORDER BY vantage, variant, ttl, received_at, batch, row
    LIMIT 1 BY vantage, variant, ttl`;
  for await (const row of store.rows(sql, parameters)) found.push(hopEvidence.parse(row));
  return found;
}
