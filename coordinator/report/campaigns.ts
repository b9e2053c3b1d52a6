import { UserError } from "../../shared/errors.js";
import { type CampaignRecord, isOver } from "../campaign/record.js";
import { scanVariants } from "../campaign/spec.js";
import type { ReportCampaign } from "./item.js";

/**
 * The campaigns of a report, by their start, the earliest first.
 * @throws UserError for one that is not over, and for one that is named twice
 */
export function reportCampaigns(records: readonly CampaignRecord[]): ReportCampaign[] {
  for (const { id, state } of records) {
    if (records.filter((other) => other.id === id).length > 1) {
      throw new UserError(`campaign ${id} is named twice`, { remedy: "name each campaign once", exitCode: 2 });
    }
    if (!isOver({ state })) {
      throw new UserError(`campaign ${id} is ${state}: there is nothing to report yet`, {
        remedy: `wait for its end with \`parallax campaign watch ${id}\``,
      });
    }
  }
  return [...records]
    .sort((a, b) => startOf(a) - startOf(b) || (a.id < b.id ? -1 : 1))
    .map((record) => ({
      id: record.id,
      series: record.series,
      date: new Date(startOf(record)).toISOString().slice(0, 10),
      vantages: record.vantages,
      variants: scanVariants(record.spec),
      sources: record.sources
        .filter(({ pass }) => pass !== "canary")
        .map(({ id, pass, size, skipped }) => ({ id, pass, size, skipped })),
    }));
}

/** Unix milliseconds. */
function startOf({ startedAtMs, createdAtMs }: Pick<CampaignRecord, "startedAtMs" | "createdAtMs">): number {
  return startedAtMs ?? createdAtMs;
}

/** Networks and places are looked up in the data of this day or before: the start of the last campaign. */
export function pinDate(campaigns: readonly ReportCampaign[]): string {
  return campaigns.at(-1)?.date ?? "";
}
