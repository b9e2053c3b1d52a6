import type { OtherPort, SynAck, Trace } from "../../../coordinator/compare/evidence.js";
import { changesOn, judge } from "../../../coordinator/compare/judge.js";
import type { TruthTarget } from "../../../deploy/lab/truth.js";
import type { Variant } from "../../../shared/probe/variant.js";
import type { SynVerdict } from "../../../shared/verdict/names.js";
import { viewVerdict } from "../../../shared/verdict/view.js";

/** What one vantage point saw. */
export interface Look {
  readonly vantage: string;
  answers(address: string): Record<Variant, SynVerdict>;
  traces(address: string): Trace[];
  synAcks(address: string): SynAck[];
  otherPorts(address: string): OtherPort[];
}

/** What a comparison says of an address; changes as words, each once, whatever variants show it. */
export function judged(address: string, looks: readonly Look[]) {
  const views = looks.map(({ vantage, answers, traces, synAcks, otherPorts }) => {
    const { "unknown-option": unknown, ...known } = answers(address);
    const verdict = viewVerdict({ ...known, "unknown-option": unknown });
    const evidence = { traces: traces(address), synAcks: synAcks(address), otherPorts: otherPorts(address) };
    return { vantage, verdict, ...known, unknown, handshakes: [], ...evidence };
  });
  const changes = changesOn(views);
  const { host, placement } = judge(views, changes);
  const seen = Object.fromEntries(views.map(({ vantage, verdict }) => [vantage, verdict]));
  return { hostVerdict: host.result, placement: placement.result, views: seen, changes: words(changes) };
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
