import { UserError } from "../../shared/errors.js";

/** A token of a SQL text; `text` of a quoted identifier is without its quotes. */
export interface SqlToken {
  readonly kind: "word" | "quoted" | "string" | "number" | "symbol";
  readonly text: string;
  /** Position in the SQL text. */
  readonly start: number;
  readonly end: number;
}

/**
 * Where this lexer and the engine's could see different tokens, it sees more of them or refuses: a dollar (part of a
 * word, or a heredoc) and typographic quotes outside of a string cannot be read, a number ends at its last digit.
 */
const TOKEN = new RegExp(
  [
    String.raw`(?<space>\s+|--[^\n]*|#[ !][^\n]*|\/\*[\s\S]*?\*\/)`,
    String.raw`(?<word>[\p{L}_][\p{L}\p{N}_]*)`,
    String.raw`(?<number>\d+)`,
    String.raw`(?<string>'(?:[^'\\]|\\[\s\S]|'')*')`,
    '(?<quoted>"(?:[^"\\\\]|\\\\[\\s\\S]|"")*"|`(?:[^`\\\\]|\\\\[\\s\\S]|``)*`)',
    "(?<symbol>[^\\s'\"`\\\\$‘’“”])",
  ].join("|"),
  "uy",
);

/** Splits a SQL text into tokens; comments and blanks are left out. Throws UserError for what it cannot read. */
export function tokenize(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < sql.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const groups = TOKEN.exec(sql)?.groups;
    if (groups === undefined) throw refused(`the query cannot be read at character ${at + 1}`);
    const text = sql.slice(at, TOKEN.lastIndex);
    const push = (kind: SqlToken["kind"], value: string) =>
      tokens.push({ kind, text: value, start: at, end: TOKEN.lastIndex });
    if (groups.word !== undefined) push("word", text);
    else if (groups.quoted !== undefined) push("quoted", text.slice(1, -1));
    else if (groups.string !== undefined) push("string", text);
    else if (groups.number !== undefined) push("number", text);
    else if (groups.symbol !== undefined) push("symbol", text);
  }
  return tokens;
}

/** The one statement of the text, without a semicolon at its end. Throws UserError when there are more, or none. */
export function singleStatement(sql: string): { readonly text: string; readonly tokens: readonly SqlToken[] } {
  const tokens = tokenize(sql);
  const semicolon = tokens.findIndex((token) => token.kind === "symbol" && token.text === ";");
  const own = semicolon < 0 ? tokens : tokens.slice(0, semicolon);
  const rest = semicolon < 0 ? [] : tokens.slice(semicolon);
  if (rest.some((token) => token.text !== ";")) throw refused("more than one statement in a request");
  const last = own.at(-1);
  if (last === undefined) throw refused("the query is empty");
  return { text: sql.slice(0, last.end), tokens: own };
}

/** True when the token is this keyword, in any case. */
export function isWord(token: SqlToken | undefined, word: string): boolean {
  return token?.kind === "word" && token.text.toUpperCase() === word;
}

/** Name in the FORMAT clause that ends the statement, with where it stands; undefined without one. */
export function formatClause(tokens: readonly SqlToken[]): { readonly name: string; readonly at: number } | undefined {
  const index = tokens.findLastIndex((token, i) => isWord(token, "FORMAT") && tokens[i + 1]?.kind === "word");
  const name = tokens[index + 1];
  const follows = tokens[index + 2];
  if (index < 1 || name === undefined) return undefined;
  if (follows !== undefined && !isWord(follows, "SETTINGS")) return undefined;
  return { name: name.text, at: index };
}

function refused(message: string): UserError {
  return new UserError(message, { remedy: "send one complete statement" });
}
