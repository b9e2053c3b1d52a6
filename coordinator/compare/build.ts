import type { Variant } from "../../shared/probe/variant.js";
import { RULE_VERSION } from "../../shared/verdict/rules.js";
import { ipv6Text } from "../store/address-text.js";
import { createRowWriter } from "../store/row-writer.js";
import type { Store } from "../store/store.js";
import type { PathChange } from "./evidence.js";
import { changesOn, judge } from "./judge.js";
import { evidenceRow } from "./rows.js";
import { BUILD_VIEWS, READ_EVIDENCE } from "./views.js";

export interface ViewRequest {
  readonly campaign: string;
  /** Vantage points that ask every target (`replicate`), or none. */
  readonly everywhere: readonly string[];
  /** Variants that the SYN scan sends. */
  readonly variants: readonly Variant[];
}

/** Makes, or makes again, what each vantage point says of each target. */
export async function buildViews(store: Store, { campaign, everywhere, variants }: ViewRequest): Promise<void> {
  await store.command("DELETE FROM target_views WHERE campaign = {campaign:String}", { campaign });
  await store.command(BUILD_VIEWS, { campaign, everywhere, variants });
}

/**
 * Makes, or makes again, the changes on all paths and the judgement of every target, from the views and the traces.
 * The same facts give the same rows.
 */
export async function buildJudgements(store: Store, campaign: string): Promise<void> {
  for (const table of ["path_changes", "target_classes"]) {
    await store.command(`DELETE FROM ${table} WHERE campaign = {campaign:String}`, { campaign });
  }
  const classes = createRowWriter(store, "target_classes");
  const changes = createRowWriter(store, "path_changes");
  for await (const row of store.rows(READ_EVIDENCE, { campaign })) {
    const { port, target, views } = evidenceRow.parse(row);
    const found = changesOn(views);
    const { host, placement, affected, explanation } = judge(views, found);
    await classes.write({
      campaign,
      port,
      target: ipv6Text(target),
      host_verdict: host.result,
      host_rule: host.rule,
      placement: placement.result,
      placement_rule: placement.rule,
      affected: affected.length,
      vantages: views.length,
      explanation,
      rule_version: RULE_VERSION,
    });
    for (const change of found) await changes.write(changeRow(campaign, port, target, change));
  }
  await classes.flush();
  await changes.flush();
}

function changeRow(campaign: string, port: number, target: string, change: PathChange): Record<string, unknown> {
  return {
    campaign,
    port,
    target: ipv6Text(target),
    vantage: change.vantage,
    variant: change.variant,
    condition: change.condition,
    after_ttl: change.afterTtl,
    after_hop: change.after === null ? "::" : ipv6Text(change.after),
    before_ttl: change.beforeTtl,
    before_hop: ipv6Text(change.before),
    path_length: change.pathLength,
    mss: change.mss ?? 0,
    traces: change.traces,
    open_hops: change.openHops,
    confidence: change.confidence,
    fingerprints: change.fingerprints,
    rule_version: RULE_VERSION,
  };
}
