import { buildJudgements } from "../../../coordinator/compare/build.js";
import { buildViews } from "../../../coordinator/compare/build-views.js";
import { readComparison } from "../../../coordinator/compare/read.js";
import { unnamedBoxes, untrueDossiers } from "../../../coordinator/demo/dossiers.js";
import type { Dossier } from "../../../coordinator/dossier/document.js";
import { readDossiers } from "../../../coordinator/dossier/read.js";
import type { Store } from "../../../coordinator/store/store.js";
import type { Placement } from "../../../shared/verdict/names.js";
import { lookAtPlaced, PLACED_VANTAGES, placedTargets, type Site } from "../../agent/sim/placed-paths.js";
import { insertFacts } from "../report/insert-rows.js";

const CAMPAIGN = "placed";
/** Targets that a vantage point looks at in one go. */
const BATCH = 500;

export interface Placed {
  readonly site: Site;
  readonly target: string;
  /** Null: the comparison does not have it. */
  readonly placement: Placement | null;
  readonly rule: string;
}

export interface PlacedBoxes {
  readonly placed: readonly Placed[];
  readonly dossiers: readonly Dossier[];
  /** Paths that a box is seen on, and those that the dossiers ascribe to a box: each once, if each box has one dossier. */
  readonly paths: number;
  readonly ascribed: number;
  /** Boxes on paths that no dossier names, and dossiers that are not true, a line each. */
  readonly unnamed: readonly string[];
  readonly untrue: readonly string[];
}

/**
 * Scans and traces `count` targets from 8 vantage points with `loss` of the packets lost on each way, writes what was found
 * into an empty store as ingest does, and reads comparison and dossiers from there.
 */
export async function findPlacedBoxes(
  store: Store,
  { count, loss, onProgress }: { count: number; loss: number; onProgress?: (done: number) => void },
): Promise<PlacedBoxes> {
  for (let first = 0; first < count; first += BATCH) {
    const size = Math.min(BATCH, count - first);
    for (const vantage of PLACED_VANTAGES) {
      const rows = await lookAtPlaced(vantage, first, size, loss);
      await insertFacts(store, { campaign: CAMPAIGN, vantage, agent: `${vantage}-${first}` }, rows);
    }
    onProgress?.(first + size);
  }
  const variants = ["v0", "v1", "plain", "unknown-option"] as const;
  await buildViews(store, { campaign: CAMPAIGN, everywhere: PLACED_VANTAGES, variants });
  await buildJudgements(store, CAMPAIGN);
  const all = { campaign: CAMPAIGN, limit: 1_000_000 };
  const { disagreements } = await readComparison(store, { ...all, everything: true });
  const { dossiers } = await readDossiers(store, all);
  const targets = placedTargets(0, count);
  const found = new Map(disagreements.map((summary) => [summary.target, summary]));
  return {
    placed: targets.map(({ network, address }) => {
      const { placement = null, placementRule = "missing" } = found.get(address) ?? {};
      return { site: network, target: address, placement, rule: placementRule };
    }),
    dossiers,
    paths: targets.reduce((sum, { changes }) => sum + changes.length, 0),
    ascribed: dossiers.reduce((sum, { paths }) => sum + paths, 0),
    unnamed: unnamedBoxes(targets, dossiers),
    untrue: untrueDossiers(targets, dossiers),
  };
}
