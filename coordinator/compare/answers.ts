import { VARIANTS, type Variant } from "../../shared/probe/variant.js";
import { SYN_VERDICTS, type SynVerdict } from "../../shared/verdict/names.js";
import { viewVerdict } from "../../shared/verdict/view.js";

/*
 * What a vantage point heard from a target, as one number of four decimal digits: for each variant the place of its verdict
 * in SYN_VERDICTS, so that 0 is silence. The engine counts and compares numbers several times as fast as texts, and what
 * follows from a number it has to find out once for each, not once for each row.
 */

/** Digit of a verdict that this version does not know: it becomes an empty text, which no reader of views takes. */
const UNKNOWN = SYN_VERDICTS.length;
const PLACES: Readonly<Record<Variant, number>> = { v0: 1_000, v1: 100, plain: 10, "unknown-option": 1 };

const texts = (values: readonly string[]): string => `[${values.map((value) => `'${value}'`).join(", ")}]`;

/** The digit of a verdict, as an expression over its column. */
export function digitOf(column: string): string {
  return `transform(${column}, ${texts(SYN_VERDICTS)}, [${SYN_VERDICTS.map((_, digit) => digit).join(", ")}], ${UNKNOWN})`;
}

/** The number, from expressions for the digits of each variant. */
export function answersFrom(digit: (variant: Variant) => string): string {
  return `toLowCardinality(toUInt16(${VARIANTS.map((variant) => `${PLACES[variant]} * ${digit(variant)}`).join(" + ")}))`;
}

/** The verdict on a variant, as an expression over the number's column. */
export function verdictOn(variant: Variant, answers: string): string {
  const digits = SYN_VERDICTS.map((_, digit) => digit).join(", ");
  return `transform(intDiv(${answers}, ${PLACES[variant]}) % 10, [${digits}], ${texts(SYN_VERDICTS)}, '')`;
}

/** What the view rules say, as an expression over the number's column, where these variants were sent. */
export function viewVerdictOf(answers: string, asked: readonly Variant[]): string {
  const known = combinations(VARIANTS).map((verdicts) => ({
    answers: VARIANTS.reduce((sum, variant) => sum + PLACES[variant] * SYN_VERDICTS.indexOf(verdicts[variant]), 0),
    verdict: viewVerdict(verdicts, asked),
  }));
  const numbers = known.map((one) => one.answers).join(", ");
  return `transform(${answers}, [${numbers}], ${texts(known.map(({ verdict }) => verdict))}, '')`;
}

function combinations(variants: readonly Variant[]): Record<Variant, SynVerdict>[] {
  const none: Record<Variant, SynVerdict> = {
    v0: "no-reply",
    v1: "no-reply",
    plain: "no-reply",
    "unknown-option": "no-reply",
  };
  return variants.reduce(
    (all, variant) => all.flatMap((verdicts) => SYN_VERDICTS.map((verdict) => ({ ...verdicts, [variant]: verdict }))),
    [none],
  );
}
