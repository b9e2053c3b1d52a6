import { isWord, type SqlToken } from "../../warehouse/sql.js";

/** A piece of a SQL text and what takes its place. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The text with all edits made; they must not overlap. */
export function withEdits(sql: string, edits: readonly Edit[]): string {
  let text = sql;
  for (const { start, end, text: piece } of [...edits].sort((a, b) => b.start - a.start)) {
    text = text.slice(0, start) + piece + text.slice(end);
  }
  return text;
}

/** True when the statement begins with these keywords. */
export function startsWith(tokens: readonly SqlToken[], ...words: readonly string[]): boolean {
  return words.every((word, i) => isWord(tokens[i], word));
}

/** Place of the name behind `from` keywords and an IF [NOT] EXISTS. */
export function nameIndex(tokens: readonly SqlToken[], from: number): number {
  let at = from;
  while (isWord(tokens[at], "IF") || isWord(tokens[at], "NOT") || isWord(tokens[at], "EXISTS")) at++;
  return at;
}

/** Place of the first such keyword outside of parentheses, from `from` on; -1 for none. */
export function keywordIndex(tokens: readonly SqlToken[], word: string, from = 0): number {
  let depth = 0;
  for (let i = from; i < tokens.length; i++) {
    const text = tokens[i]?.text;
    if (text === "(") depth++;
    else if (text === ")") depth--;
    else if (depth === 0 && isWord(tokens[i], word)) return i;
  }
  return -1;
}
