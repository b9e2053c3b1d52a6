import type { Variant } from "../../shared/probe/variant.js";
import type { SynVerdict } from "../../shared/verdict/names.js";
import type { Alarm } from "../alarm/alarm.js";
import type { Alarms } from "../alarm/alarms.js";
import type { CampaignRecord, SourceRecord } from "../campaign/record.js";
import { scanVariants } from "../campaign/spec.js";
import type { CoverageInterval } from "../lease/state.js";
import { type CanaryAnswer, canaryAnswer } from "./answer.js";
import type { Canary } from "./check.js";
import { answerText, type Expectation, expectationText, isAsExpected } from "./expectation.js";
import { canariesOf, canaryAt } from "./sources.js";

/** What one agent heard last of one canary. Times are Unix milliseconds. */
export interface CanaryView {
  readonly vantage: string;
  readonly agent: string;
  readonly target: string;
  readonly port: number;
  readonly expected: Expectation;
  readonly answer: CanaryAnswer;
  readonly askedAtMs: number;
  /** Since when it is not what was expected; null while it is. */
  readonly wrongSinceMs: number | null;
}

/** A reply to a canary's probe. */
export interface CanaryReply {
  readonly vantage: string;
  readonly agent: string;
  /** In the canaries' source. */
  readonly index: number;
  readonly variant: Variant;
  readonly verdict: SynVerdict;
}

/** Which replies to look for: those to these canaries of a source, with indices in `[from, to)`. */
export interface CanaryRequest {
  readonly campaign: string;
  readonly source: string;
  readonly targets: readonly Pick<Canary, "target" | "port">[];
  readonly from: number;
  readonly to: number;
}

/** What canaries need of the data base. */
export interface CanaryStore {
  /** The last reply to each variant. */
  canaryReplies(request: CanaryRequest): Promise<readonly CanaryReply[]>;
  canaries(campaign: string): Promise<readonly CanaryView[]>;
  /** Inserts or replaces; key: campaign, vantage point, agent, target, port. */
  saveCanaries(campaign: string, views: readonly CanaryView[]): Promise<void>;
}

/** Judges what the canaries of one campaign said. */
export interface CanaryWatch {
  /**
   * Takes intervals of a source whose rows are in the table, in the order in which they were asked. Rejects when the
   * store does not answer; may be called again with what it was called with before.
   */
  take(source: SourceRecord, asked: readonly CoverageInterval[]): Promise<void>;
}

export interface CanaryWatchOptions {
  readonly campaign: Pick<CampaignRecord, "id" | "spec">;
  readonly store: CanaryStore;
  readonly alarms: Alarms;
  /** Agents leave such a canary out, and its silence means nothing. */
  readonly hasOptedOut: (target: string) => boolean;
}

export function createCanaryWatch({ campaign, store, alarms, hasOptedOut }: CanaryWatchOptions): CanaryWatch {
  const { id, spec } = campaign;
  const variants = scanVariants(spec);
  let views: ReadonlyMap<string, CanaryView> | null = null;

  const known = async (): Promise<ReadonlyMap<string, CanaryView>> => {
    views ??= new Map((await store.canaries(id)).map((view) => [keyOf(view), view]));
    return views;
  };

  /** Without `expect` a canary must go on saying what it said to its vantage point first. */
  const expectationOf = (
    { target, port, expect }: Canary,
    vantage: string,
    present: ReadonlyMap<string, CanaryView>,
    answer: CanaryAnswer,
  ): Expectation => {
    const isSame = (view: CanaryView) => view.vantage === vantage && view.target === target && view.port === port;
    return expect ?? [...present.values()].find(isSame)?.expected ?? answer.verdicts;
  };

  const judge = (
    canary: Canary,
    { vantage, agent, epoch }: CoverageInterval,
    present: ReadonlyMap<string, CanaryView>,
    answer: CanaryAnswer,
  ): CanaryView | null => {
    const { target, port } = canary;
    const before = present.get(keyOf({ vantage, agent, target, port }));
    if (before !== undefined && epoch <= before.askedAtMs) {
      return null;
    }
    const expected = expectationOf(canary, vantage, present, answer);
    const isRight = isAsExpected(expected, answer);
    alarms.observe(
      { kind: "canary", campaign: id, vantage, agent, target, port },
      isRight
        ? { type: "right", atMs: epoch }
        : {
            type: "wrong",
            expected: expectationText(expected),
            answer: answerText(expected, answer),
            atMs: epoch,
          },
    );
    const wrongSinceMs = isRight ? null : (before?.wrongSinceMs ?? epoch);
    return { vantage, agent, target, port, expected, answer, askedAtMs: epoch, wrongSinceMs };
  };

  return {
    async take(source, asked) {
      if (asked.length === 0) {
        return;
      }
      const present = new Map(await known());
      const from = Math.min(...asked.map((interval) => interval.from));
      const to = Math.max(...asked.map((interval) => interval.to));
      const targets = canariesOf(spec, source);
      const request = { campaign: id, source: source.id, targets, from, to };
      const replies = groupReplies(await store.canaryReplies(request));
      const changed = new Map<string, CanaryView>();
      for (const interval of asked) {
        for (let index = interval.from; index < interval.to; index++) {
          const canary = canaryAt(spec, source, index);
          if (hasOptedOut(canary.target)) {
            const isOfIt = (alarm: Alarm) => alarm.campaign === id && alarm.target === canary.target;
            alarms.drop(isOfIt, "opted out", interval.epoch);
            continue;
          }
          const heard = replies.get(placeOf({ ...interval, index })) ?? new Map();
          const view = judge(canary, interval, present, canaryAnswer(variants, heard));
          if (view !== null) {
            present.set(keyOf(view), view);
            changed.set(keyOf(view), view);
          }
        }
      }
      // The alarms first: a view that is saved is not judged again.
      await alarms.save();
      await store.saveCanaries(id, [...changed.values()]);
      views = present;
    },
  };
}

function groupReplies(replies: readonly CanaryReply[]): ReadonlyMap<string, ReadonlyMap<Variant, SynVerdict>> {
  const groups = new Map<string, Map<Variant, SynVerdict>>();
  for (const reply of replies) {
    const group = groups.get(placeOf(reply)) ?? new Map<Variant, SynVerdict>();
    groups.set(placeOf(reply), group.set(reply.variant, reply.verdict));
  }
  return groups;
}

function placeOf({ vantage, agent, index }: Pick<CanaryReply, "vantage" | "agent" | "index">): string {
  return `${vantage} ${agent} ${index}`;
}

function keyOf({ vantage, agent, target, port }: Pick<CanaryView, "vantage" | "agent" | "target" | "port">): string {
  return `${vantage} ${agent} ${target} ${port}`;
}
