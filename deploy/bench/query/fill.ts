import { buildJudgements } from "../../../coordinator/compare/build.js";
import { buildViews } from "../../../coordinator/compare/build-views.js";
import type { Store } from "../../../coordinator/store/store.js";
import { VARIANTS } from "../../../shared/probe/variant.js";
import { fillEvidence, hasEvidence } from "./evidence.js";
import { CAMPAIGN, countFacts, EARLIER, fillFacts, VANTAGES } from "./facts.js";
import { importNetworks } from "./networks.js";

const SEED = 42;

export interface FillOptions {
  /** Replies of the campaign that is compared, about. */
  readonly facts: number;
  /** Traces and handshakes are wanted as well. */
  readonly withEvidence: boolean;
  /** For files that go when the bench ends. */
  readonly folder: string;
  readonly say: (text: string) => void;
}

/** Fills tables that are empty, adds what is missing to those that are not, and makes the rollups of all campaigns. */
export async function fillOnce(store: Store, { facts, withEvidence, folder, say }: FillOptions): Promise<void> {
  const isNew = (await countFacts(store)) === 0;
  if (isNew) {
    say(`making ${facts} facts`);
    await fillFacts(store, { facts, seed: SEED });
    await importNetworks(store, folder);
  }
  const lacksEvidence = withEvidence && !(await hasEvidence(store));
  if (lacksEvidence) {
    say("making traces and handshakes");
    for (const campaign of [...EARLIER, CAMPAIGN]) await fillEvidence(store, campaign, SEED);
  }
  if (!isNew && !lacksEvidence) return;
  say("making the rollups");
  for (const campaign of [...EARLIER, CAMPAIGN]) await rebuild(store, campaign);
}

/** Makes the rollups of a campaign, or makes them again. */
export async function rebuild(store: Store, campaign: string): Promise<void> {
  await buildViews(store, { campaign, everywhere: [...VANTAGES], variants: VARIANTS });
  await buildJudgements(store, campaign);
}
