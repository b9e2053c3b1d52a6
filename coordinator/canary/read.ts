import { UserError } from "../../shared/errors.js";
import type { CampaignRecord } from "../campaign/record.js";
import { answerText, expectationText } from "./expectation.js";
import type { CanaryStore } from "./watch.js";

/** A canary at an agent of a vantage point, as the operator sees it; texts are verdicts. Times are Unix milliseconds. */
export interface CanaryReport {
  readonly vantage: string;
  /** Empty: nobody there has asked it yet. */
  readonly agent: string;
  readonly target: string;
  readonly port: number;
  /** Null: it has not said anything yet that it could go on saying. */
  readonly expected: string | null;
  /** The last one; null before the first. */
  readonly answer: string | null;
  readonly askedAtMs: number | null;
  /** Since when the answer is not what was expected; null while it is. */
  readonly wrongSinceMs: number | null;
}

/** Every canary of a campaign at every vantage point. Rejects with UserError when the campaign has none. */
export async function readCanaries(
  store: Pick<CanaryStore, "canaries">,
  { id, spec, vantages }: Pick<CampaignRecord, "id" | "spec" | "vantages">,
): Promise<CanaryReport[]> {
  if (spec.canaries.length === 0) {
    throw new UserError(`campaign ${id} has no canaries`, {
      remedy: "name some under `canaries` in the file of the next one",
    });
  }
  const views = await store.canaries(id);
  const everywhere = [...new Set([...vantages, ...views.map(({ vantage }) => vantage)])].sort();
  return everywhere.flatMap((vantage) =>
    spec.canaries.flatMap(({ target, port, expect }): CanaryReport[] => {
      const heard = views.filter((view) => view.vantage === vantage && view.target === target && view.port === port);
      if (heard.length === 0) {
        const expected = expect === undefined ? null : expectationText(expect);
        return [{ vantage, agent: "", target, port, expected, answer: null, askedAtMs: null, wrongSinceMs: null }];
      }
      return heard.map(({ agent, expected, answer, askedAtMs, wrongSinceMs }) => ({
        ...{ vantage, agent, target, port, askedAtMs, wrongSinceMs },
        expected: expectationText(expected),
        answer: answerText(expected, answer),
      }));
    }),
  );
}
