import { RULE_VERSION } from "../../shared/verdict/rules.js";
import { ipv6Text } from "../store/address-text.js";
import { createRowWriter } from "../store/row-writer.js";
import type { Store } from "../store/store.js";
import { buildCounts } from "./counts.js";
import type { PathChange } from "./evidence.js";
import { changesOn, type Judgement, judge } from "./judge.js";
import { CLASSES_OF_PATTERNS, READ_PATTERNS, WITH_EVIDENCE } from "./patterns.js";
import { evidenceRow, patternRow } from "./rows.js";
import { readEvidence } from "./views.js";

/**
 * Makes, or makes again, the changes on all paths and the judgement of every target, from the views and the traces.
 * The same facts give the same rows.
 */
export async function buildJudgements(store: Store, campaign: string): Promise<void> {
  for (const table of ["path_changes", "target_classes", "judged_patterns"]) {
    await store.removeRows(table, "campaign = {campaign:String}", { campaign });
  }
  const classes = createRowWriter(store, "target_classes");
  const changes = createRowWriter(store, "path_changes");
  for await (const row of store.rows(readEvidence(`target IN (${WITH_EVIDENCE})`), { campaign })) {
    const { port, target, views } = evidenceRow.parse(row);
    const found = changesOn(views);
    const judgement = judge(views, found);
    const place = { port, target: ipv6Text(target), vantages: views.length, explanation: judgement.explanation };
    await classes.write({ campaign, ...place, ...judgementColumns(judgement) });
    for (const change of found) await changes.write(changeRow(campaign, port, target, change));
  }
  await classes.flush();
  await changes.flush();
  await judgePatterns(store, campaign);
  await buildCounts(store, "class_counts", campaign);
}

async function judgePatterns(store: Store, campaign: string): Promise<void> {
  const patterns = createRowWriter(store, "judged_patterns");
  for await (const row of store.rows(READ_PATTERNS, { campaign })) {
    const { pattern, views } = patternRow.parse(row);
    await patterns.write({ campaign, pattern, ...judgementColumns(judge(views, [])) });
  }
  await patterns.flush();
  await store.command(CLASSES_OF_PATTERNS, { campaign });
}

function judgementColumns({ host, placement, affected }: Judgement) {
  return {
    host_verdict: host.result,
    host_rule: host.rule,
    placement: placement.result,
    placement_rule: placement.rule,
    affected: affected.length,
    rule_version: RULE_VERSION,
  };
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
