import type { Trace } from "../../../coordinator/compare/evidence.js";
import { judge } from "../../../coordinator/compare/judge.js";
import { locateChanges } from "../../../coordinator/compare/locate.js";
import type { TruthTarget } from "../../../deploy/lab/truth.js";
import type { Variant } from "../../../shared/probe/variant.js";
import type { SynVerdict } from "../../../shared/verdict/names.js";
import { viewVerdict } from "../../../shared/verdict/view.js";

/** What one vantage point saw. */
export interface Look {
  readonly vantage: string;
  answers(address: string): Record<Variant, SynVerdict>;
  traces(address: string): Trace[];
}

/** What a comparison says of an address; changes as words, each once, whatever variants show it. */
export function judged(address: string, looks: readonly Look[]) {
  const views = looks.map(({ vantage, answers, traces }) => {
    const { "unknown-option": unknown, ...known } = answers(address);
    const verdict = viewVerdict({ ...known, "unknown-option": unknown });
    return { vantage, verdict, ...known, unknown, traces: traces(address), handshakes: [] };
  });
  const changes = views.flatMap(locateChanges);
  const { hostVerdict, placement } = judge(views, changes);
  const seen = Object.fromEntries(views.map(({ vantage, verdict }) => [vantage, verdict]));
  return { hostVerdict, placement, views: seen, changes: words(changes) };
}

/** The lab's truth in the same words. */
export function truly({ hostVerdict, placement, views, changes }: TruthTarget) {
  return { hostVerdict, placement, views, changes: words(changes) };
}

function words(changes: TruthTarget["changes"]): string[] {
  const lines = changes.map(
    ({ vantage, condition, after, before }) => `${vantage}: ${condition} ${after ?? "source"} | ${before}`,
  );
  return [...new Set(lines)].sort();
}
