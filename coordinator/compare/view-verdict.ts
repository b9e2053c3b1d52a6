import type { Variant } from "../../shared/probe/variant.js";
import { ANSWER_FACTS, type AnswerFactName, VIEW_RULES } from "../../shared/verdict/view.js";

/** Columns of `target_views` with the verdict of each variant. */
const VARIANT_COLUMNS: Readonly<Record<Variant, string>> = {
  v0: "v0",
  v1: "v1",
  plain: "plain",
  "unknown-option": "unknown",
};

function quoted(text: string): string {
  return `'${text}'`;
}

function factSql(name: AnswerFactName): string {
  const { variants, verdicts } = ANSWER_FACTS[name];
  const parts = variants.map((variant) => {
    const isOne = `${VARIANT_COLUMNS[variant]} IN (${verdicts.map(quoted).join(", ")})`;
    // A variant that was never sent has no answer either.
    const needsSending = (verdicts as readonly string[]).includes("no-reply");
    return needsSending ? `has({variants:Array(String)}, ${quoted(variant)}) AND ${isOne}` : isOne;
  });
  return `(${parts.join(" OR ")})`;
}

const CASES = VIEW_RULES.filter(({ all }) => all.length > 0).map(
  ({ all, result }) => `${all.map(factSql).join(" AND ")}, ${quoted(result)}`,
);
const OTHERWISE = VIEW_RULES.at(-1)?.result ?? "no-reply";

/**
 * The table of view rules as an expression over the columns of `target_views`. Parameter: variants Array(String), those
 * that were sent.
 */
export const VIEW_VERDICT = `multiIf(
    ${CASES.join(",\n    ")},
    ${quoted(OTHERWISE)})`;
