import { VARIANTS, type Variant } from "../../shared/probe/variant.js";
import { PAIR_VERDICTS, SYN_VERDICTS, type SynVerdict, type ViewVerdict } from "../../shared/verdict/names.js";
import type { CanaryAnswer } from "./answer.js";

/** What a canary must answer: one verdict over all variants, or one for each variant that matters. */
export type Expectation = ViewVerdict | Readonly<Partial<Record<Variant, SynVerdict>>>;

const VIEW_VERDICTS: readonly string[] = [...SYN_VERDICTS, ...PAIR_VERDICTS];

/** What is wrong with a value that should be an expectation, and where in it; null when nothing is. */
export function expectationProblem(value: unknown): { readonly path: string[]; readonly message: string } | null {
  if (typeof value === "string") {
    return VIEW_VERDICTS.includes(value) ? null : { path: [], message: notOneOf(value, VIEW_VERDICTS) };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { path: [], message: "is neither a verdict nor a verdict for each variant" };
  }
  const entries = Object.entries(value);
  if (entries.length === 0) {
    return { path: [], message: "names no variant" };
  }
  for (const [variant, verdict] of entries) {
    if (!isVariant(variant)) {
      return { path: [], message: notOneOf(variant, VARIANTS) };
    }
    if (!isSynVerdict(verdict)) {
      return { path: [variant], message: notOneOf(verdict, SYN_VERDICTS) };
    }
  }
  return null;
}

export function isExpectation(value: unknown): value is Expectation {
  return expectationProblem(value) === null;
}

/** Reads what `expectationText` wrote. Throws RangeError for any other text. */
export function parseExpectation(text: string): Expectation {
  const value: unknown = text.includes("=") ? Object.fromEntries(text.split(" ").map((pair) => pair.split("="))) : text;
  if (isExpectation(value)) {
    return value;
  }
  throw new RangeError(`${JSON.stringify(text)} is nothing that a canary can be expected to say`);
}

/** Variants that an expectation names; none where it is one verdict over all. */
export function expectedVariants(expectation: Expectation): Variant[] {
  return typeof expectation === "string" ? [] : VARIANTS.filter((variant) => expectation[variant] !== undefined);
}

export function isAsExpected(expectation: Expectation, answer: CanaryAnswer): boolean {
  return typeof expectation === "string"
    ? answer.view === expectation
    : expectedVariants(expectation).every((variant) => answer.verdicts[variant] === expectation[variant]);
}

/** The answer in the words of an expectation, so that the two can be read side by side. */
export function answerText(expectation: Expectation, answer: CanaryAnswer): string {
  return typeof expectation === "string"
    ? answer.view
    : expectationText(Object.fromEntries(expectedVariants(expectation).map((name) => [name, answer.verdicts[name]])));
}

/** `claims-v1`, or `v1=claims-v1 plain=plain`. */
export function expectationText(expectation: Expectation): string {
  return typeof expectation === "string"
    ? expectation
    : expectedVariants(expectation)
        .map((variant) => `${variant}=${expectation[variant]}`)
        .join(" ");
}

function isVariant(value: unknown): value is Variant {
  return VARIANTS.some((variant) => variant === value);
}

function isSynVerdict(value: unknown): value is SynVerdict {
  return SYN_VERDICTS.some((verdict) => verdict === value);
}

function notOneOf(value: unknown, allowed: readonly string[]): string {
  return `${JSON.stringify(value)} is not one of ${allowed.join(", ")}`;
}
