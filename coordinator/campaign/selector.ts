export type Labels = Readonly<Record<string, string>>;

/** Does a set of labels match? */
export type Selector = (labels: Labels) => boolean;

/** A selector's text that cannot be read; `message` says where. */
export class SelectorError extends Error {
  override readonly name = "SelectorError";
}

const NAME = "[A-Za-z0-9][A-Za-z0-9._/-]*";
const EQUALITY = new RegExp(`^(${NAME})\\s*(!?=)\\s*(${NAME})$`);
const MEMBERSHIP = new RegExp(`^(${NAME})\\s+(not\\s+in|in)\\s*\\(([^()]*)\\)$`);
const WORD = new RegExp(`^${NAME}$`);

/**
 * Reads `web=80`, `region != us`, `region in (a, b)`, `region not in (a, b)`; a comma between terms means "and", an empty
 * text matches everything. A label that is missing equals nothing. Throws SelectorError.
 */
export function parseSelector(text: string): Selector {
  const terms = splitTerms(text).map(parseTerm);
  return (labels) => terms.every((term) => term(labels));
}

/** At commas outside parentheses. */
function splitTerms(text: string): string[] {
  if (text.trim() === "") {
    return [];
  }
  return text.split(/,(?![^()]*\))/).map((term) => term.trim());
}

function parseTerm(term: string): Selector {
  const equality = EQUALITY.exec(term);
  if (equality !== null) {
    const [, key = "", operator, value] = equality;
    return operator === "=" ? (labels) => labels[key] === value : (labels) => labels[key] !== value;
  }
  const membership = MEMBERSHIP.exec(term);
  if (membership !== null) {
    const [, key = "", operator, list = ""] = membership;
    const values = new Set(list.split(",").map((value) => value.trim()));
    const bad = [...values].find((value) => !WORD.test(value));
    if (bad !== undefined) {
      throw new SelectorError(`"${bad}" in "${term}" is not a label value`);
    }
    const wanted = operator === "in";
    return (labels) => {
      const value = labels[key];
      return (value !== undefined && values.has(value)) === wanted;
    };
  }
  throw new SelectorError(`"${term}" is neither key=value, key!=value nor key in (a, b)`);
}
