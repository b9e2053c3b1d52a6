import { HOST_VERDICTS, type HostVerdict } from "../../../shared/verdict/names.js";
import type { CampaignProgress } from "../../campaign/progress.js";
import type { CampaignClassCount } from "../overview.js";
import { whole } from "./format.js";

/** What one campaign found. */
export interface GrowthRow {
  readonly campaign: string;
  /** Null for a campaign that the coordinator knows no more. */
  readonly startedAtMs: number | null;
  readonly hosts: Readonly<Record<HostVerdict, number>>;
}

/** A row for each campaign that has counts: those that the coordinator knows no more, then the others, oldest first. */
export function growthRows(
  counts: readonly Pick<CampaignClassCount, "campaign" | "hostVerdict" | "targets">[],
  campaigns: readonly Pick<CampaignProgress, "id" | "startedAtMs">[],
): GrowthRow[] {
  const place = new Map(campaigns.map(({ id }, i) => [id, i]));
  const started = new Map(campaigns.map(({ id, startedAtMs }) => [id, startedAtMs]));
  const hosts = new Map<string, Record<HostVerdict, number>>();
  for (const { campaign, hostVerdict, targets } of counts) {
    const own = hosts.get(campaign) ?? nothing();
    own[hostVerdict] += targets;
    hosts.set(campaign, own);
  }
  return [...hosts]
    .sort(([a], [b]) => (place.get(a) ?? -1) - (place.get(b) ?? -1) || (a < b ? -1 : 1))
    .map(([campaign, own]) => ({ campaign, startedAtMs: started.get(campaign) ?? null, hosts: own }));
}

function nothing(): Record<HostVerdict, number> {
  return Object.fromEntries(HOST_VERDICTS.map((host) => [host, 0])) as Record<HostVerdict, number>;
}

/** `+1,200`, `−3`, `0`; a dash where there is nothing before. */
export function changeText(now: number, before: number | undefined): string {
  if (before === undefined) return "–";
  return now === before ? "0" : `${now > before ? "+" : "−"}${whole(Math.abs(now - before))}`;
}
