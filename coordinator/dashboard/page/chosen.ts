import type { CampaignProgress } from "../../campaign/progress.js";
import type { Route, ViewName } from "./route.js";

type Campaign = Pick<CampaignProgress, "id" | "state">;

/** Views of one campaign. */
export const OF_ONE_CAMPAIGN: ReadonlySet<ViewName> = new Set(["live", "matrix", "path", "dossiers", "sql"]);
/** Those of what the comparison found, which is made at a campaign's end. */
export const OF_COMPARED: ReadonlySet<ViewName> = new Set(["matrix", "path", "dossiers"]);

/** Of these campaigns, the oldest first, those that a view can show. */
export function showable<T extends Campaign>(view: ViewName, campaigns: readonly T[]): T[] {
  return campaigns.filter((one) => !OF_COMPARED.has(view) || isCompared(one));
}

/** The campaign that the address names; else the last that runs, else the last. */
export function choose<T extends Campaign>({ view, parameters }: Route, campaigns: readonly T[]): T | null {
  const named = campaigns.find(({ id }) => id === parameters.campaign);
  if (named !== undefined) return named;
  const fits = showable(view, campaigns);
  return fits.findLast(({ state }) => state === "running") ?? fits.at(-1) ?? null;
}

export function isCompared({ state }: Pick<Campaign, "state">): boolean {
  return state !== "created" && state !== "running";
}
