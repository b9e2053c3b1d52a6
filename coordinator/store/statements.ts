import { tokenize } from "../warehouse/sql.js";

/** The statements of a SQL text, split at semicolons outside of quotes and comments; comments before one are left out. */
export function splitStatements(sql: string): string[] {
  const found: string[] = [];
  let start: number | null = null;
  for (const token of tokenize(sql)) {
    if (token.text === ";" && token.kind === "symbol") {
      if (start !== null) found.push(sql.slice(start, token.start).trim());
      start = null;
    } else start ??= token.start;
  }
  if (start !== null) found.push(sql.slice(start).trim());
  return found;
}
