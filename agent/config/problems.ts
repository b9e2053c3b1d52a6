import type { z } from "zod";
import { UserError } from "../../shared/errors.js";

/** One error whose text has a line per problem: `file: key.path: what is wrong; what to do`. */
export function problemsError(file: string, issues: readonly z.core.$ZodIssue[]): UserError {
  const problems = issues.flatMap((issue) => problemsOf(issue)).map(([what, remedy]) => [`${file}: ${what}`, remedy]);
  const last = problems.at(-1) ?? [file, "check it"];
  const before = problems.slice(0, -1).map(([what, remedy]) => `${what}; ${remedy}\n`);
  return new UserError(`${before.join("")}${last[0]}`, { remedy: last[1] ?? "check it", exitCode: 2 });
}

function problemsOf(issue: z.core.$ZodIssue): [what: string, remedy: string][] {
  const at = keyPath(issue.path);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => [
        `${keyPath([...issue.path, key])}: this key is not known`,
        "remove it or look for a misspelling",
      ]);
    case "invalid_type":
      return issue.input === undefined
        ? [[`${at}: missing`, `add it (${issue.expected})`]]
        : [[`${at}: wrong type`, `write a value of type ${issue.expected}`]];
    case "too_small":
    case "too_big":
      return [[`${at}: out of range`, lowerFirst(issue.message)]];
    case "invalid_key":
      return issue.issues.map((inner) => [`${at}: not a valid key`, lowerFirst(inner.message)]);
    default:
      return [[`${at}: not valid`, lowerFirst(issue.message)]];
  }
}

/** `broker.url`, `open[2]`; the whole file is `(file)`. */
function keyPath(path: readonly PropertyKey[]): string {
  if (path.length === 0) {
    return "(file)";
  }
  return path
    .map((part, i) => (typeof part === "number" ? `[${part}]` : `${i === 0 ? "" : "."}${String(part)}`))
    .join("");
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
