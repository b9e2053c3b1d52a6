import type { Variant } from "../../shared/probe/variant.js";
import type { SynVerdict, ViewVerdict } from "../../shared/verdict/names.js";
import { viewVerdict } from "../../shared/verdict/view.js";

/** What a canary said to one agent in one round. */
export interface CanaryAnswer {
  /** Of the variants that were sent; silence is `no-reply`. */
  readonly verdicts: Readonly<Partial<Record<Variant, SynVerdict>>>;
  /** What they say together. */
  readonly view: ViewVerdict;
}

/** The answer from the replies to `sent`. A variant without a reply was silence: the index is covered. */
export function canaryAnswer(sent: readonly Variant[], replies: ReadonlyMap<Variant, SynVerdict>): CanaryAnswer {
  const verdicts: Partial<Record<Variant, SynVerdict>> = {};
  for (const variant of sent) {
    verdicts[variant] = replies.get(variant) ?? "no-reply";
  }
  const { v0, v1, plain, "unknown-option": unknown } = verdicts;
  // A version that was not sent says what the other one says: it must not count as stopped on the way.
  return {
    verdicts,
    view: viewVerdict({
      v0: v0 ?? v1 ?? "no-reply",
      v1: v1 ?? v0 ?? "no-reply",
      plain: plain ?? "no-reply",
      "unknown-option": unknown ?? "no-reply",
    }),
  };
}
