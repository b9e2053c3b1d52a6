import type { z } from "zod";

/** The first thing that is wrong, as `path: what`, with what to do. `input` is what was parsed. */
export function describeIssue(error: z.ZodError, input: unknown): { message: string; remedy: string } {
  const issue = deepest(foremost(error.issues), []);
  if (issue === undefined) {
    return { message: "the campaign file is wrong", remedy: "compare it with the example in the README" };
  }
  const value = valueAt(input, issue.path);
  const path = formatPath(issue.path);
  const at = path === "" ? "the campaign file " : `${path}: `;
  switch (issue.code) {
    case "unrecognized_keys": {
      const key = formatPath([...issue.path, issue.keys[0] ?? ""]);
      return { message: `${key}: there is no such key`, remedy: "remove it or correct its spelling" };
    }
    case "invalid_value":
      return {
        message: `${at}${show(value)} is not one of ${issue.values.map(String).join(", ")}`,
        remedy: "use one of these",
      };
    case "invalid_type":
      return value === undefined || value === null
        ? { message: `${at}is missing`, remedy: `give ${article(issue.expected)}` }
        : { message: `${at}${show(value)} is not ${article(issue.expected)}`, remedy: "correct this value" };
    case "too_small":
      return { message: `${at}${bound(value)} is less than ${issue.minimum}`, remedy: "give more" };
    case "too_big":
      return { message: `${at}${bound(value)} is more than ${issue.maximum}`, remedy: "give less" };
    default:
      return { message: `${at}${issue.message}`, remedy: "correct this value" };
  }
}

type Issue = z.core.$ZodIssue;

/** A misspelt key explains the missing one. */
function foremost(issues: readonly Issue[]): Issue | undefined {
  return issues.find((issue) => issue.code === "unrecognized_keys") ?? issues[0];
}

/** Of a union's complaints, that of the alternative which came furthest. */
function deepest(issue: Issue | undefined, prefix: readonly PropertyKey[]): Issue | undefined {
  if (issue === undefined) {
    return undefined;
  }
  const path = [...prefix, ...issue.path];
  if (issue.code !== "invalid_union") {
    return { ...issue, path };
  }
  const firsts = issue.errors.map((issues) => deepest(foremost(issues), path)).filter((found) => found !== undefined);
  firsts.sort((a, b) => b.path.length - a.path.length);
  const [best] = firsts;
  const complaintOfKeys = firsts.find((found) => found.code === "unrecognized_keys");
  return complaintOfKeys ?? (best !== undefined && best.path.length > path.length ? best : wrongType(issue, path));
}

function wrongType(issue: Issue, path: PropertyKey[]): Issue {
  return { ...issue, code: "custom", path, message: "has neither of the forms allowed here" } as Issue;
}

/** `targets.ipv4[1]` */
function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) => (typeof part === "number" ? `[${part}]` : `${i === 0 ? "" : "."}${String(part)}`))
    .join("");
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const part of path) {
    if (typeof value !== "object" || value === null) {
      return undefined;
    }
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function bound(value: unknown): string {
  return Array.isArray(value) ? `a list of ${value.length}` : show(value);
}

function article(expected: string): string {
  switch (expected) {
    case "array":
      return "a list";
    case "object":
    case "record":
      return "a group of keys";
    case "boolean":
      return "true or false";
    case "int":
      return "a whole number";
    case "string":
      return "text";
    default:
      return `a ${expected}`;
  }
}
