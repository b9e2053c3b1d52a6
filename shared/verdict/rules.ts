/**
 * Version of everything that makes a verdict: the classification of answers, the tables of rules and the fingerprints.
 * Goes into every row: verdicts of different versions are not mixed in one comparison.
 */
export const RULE_VERSION = 3;

/** One line of a table of rules: what follows when some facts hold and others do not. */
export interface Rule<Fact extends string, Result> {
  readonly name: string;
  /** All of them hold; what they stand on is what the result stands on. */
  readonly all: readonly Fact[];
  /** None of them holds. */
  readonly none?: readonly Fact[];
  readonly result: Result;
  /** Why the result follows, as a sentence without its full stop. */
  readonly words: string;
}

/** What a table of rules says of the evidence, by which of its rules, and what that stands on. */
export interface Ruling<Result, Witness> {
  readonly result: Result;
  readonly rule: string;
  readonly words: string;
  readonly witnesses: readonly Witness[];
}

/**
 * The result of the first rule whose condition holds. A fact holds when something bears witness to it; each is asked for
 * at most once, and only when a rule gets that far.
 *
 * @throws Error when no rule holds: a table ends with a rule without a condition
 */
export function decide<Fact extends string, Result, Witness>(
  rules: readonly Rule<Fact, Result>[],
  witnessesOf: (fact: Fact) => readonly Witness[],
): Ruling<Result, Witness> {
  const known = new Map<Fact, readonly Witness[]>();
  const look = (fact: Fact): readonly Witness[] => {
    const found = known.get(fact) ?? witnessesOf(fact);
    known.set(fact, found);
    return found;
  };
  for (const { name, all, none = [], result, words } of rules) {
    if (all.every((fact) => look(fact).length > 0) && none.every((fact) => look(fact).length === 0)) {
      return { result, rule: name, words, witnesses: all.flatMap((fact) => [...look(fact)]) };
    }
  }
  throw new Error("the table of rules has no last rule");
}
