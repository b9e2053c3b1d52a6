import { UserError } from "../errors.js";
import type { FieldValue, OutputField } from "./field.js";
import { fieldNamed } from "./fields.js";
import type { ScannedReply } from "./reply.js";

export type ReplyFilter = (reply: ScannedReply) => boolean;

const EXAMPLE = 'write it like "success = 1 && repeat = 0", or verdict = "claims-v1"';
const TOKEN_PATTERN = /\s*(?:([A-Za-z_][\w-]*)|(\d+)|"([^"]*)"|'([^']*)'|(&&|\|\||!=|<=|>=|[=<>()]))/y;

interface Token {
  readonly kind: "word" | "number" | "text" | "sign";
  readonly text: string;
}

/**
 * Reads a filter in ZMap's language: comparisons of a field with a number or text (= != < > <= >=), && and ||, the
 * former binding tighter, and parentheses. A field that a reply does not have is unlike every value. Empty text lets
 * everything through.
 *
 * @throws UserError with exit code 2 that names what cannot be read
 */
export function parseFilter(text: string): ReplyFilter {
  const tokens = tokensOf(text);
  if (tokens.length === 0) return () => true;
  let at = 0;
  const next = (): Token | undefined => tokens[at++];
  const accept = (sign: string): boolean => {
    const token = tokens[at];
    if (token?.kind !== "sign" || token.text !== sign) return false;
    at++;
    return true;
  };

  const alternatives = (): ReplyFilter => {
    const parts = [conjunction()];
    while (accept("||")) parts.push(conjunction());
    return (reply) => parts.some((part) => part(reply));
  };
  const conjunction = (): ReplyFilter => {
    const parts = [operand()];
    while (accept("&&")) parts.push(operand());
    return (reply) => parts.every((part) => part(reply));
  };
  const operand = (): ReplyFilter => {
    if (!accept("(")) return comparison();
    const inner = alternatives();
    if (!accept(")")) throw unreadable(tokens[at]);
    return inner;
  };
  const comparison = (): ReplyFilter => {
    const name = next();
    if (name?.kind !== "word") throw unreadable(name);
    const field = fieldNamed("--output-filter", name.text);
    const sign = next();
    const test = sign?.kind === "sign" ? COMPARISONS[sign.text] : undefined;
    if (test === undefined) throw unreadable(sign);
    const wanted = literalFor(field, sign?.text ?? "", next());
    return (reply) => test(plain(field.value(reply)), wanted);
  };

  const filter = alternatives();
  if (at < tokens.length) throw unreadable(tokens[at]);
  return filter;
}

type Plain = string | number | null;

const COMPARISONS: Readonly<Record<string, (value: Plain, wanted: string | number) => boolean>> = {
  "=": (value, wanted) => value === wanted,
  "!=": (value, wanted) => value !== wanted,
  "<": (value, wanted) => value !== null && value < wanted,
  ">": (value, wanted) => value !== null && value > wanted,
  "<=": (value, wanted) => value !== null && value <= wanted,
  ">=": (value, wanted) => value !== null && value >= wanted,
};

function plain(value: FieldValue): Plain {
  return typeof value === "boolean" ? Number(value) : value;
}

function literalFor(field: OutputField, sign: string, token: Token | undefined): string | number {
  const wantsText = field.type === "string";
  if (token === undefined || token.kind === "sign" || (token.kind === "number") === wantsText) {
    throw problem(`${field.name} ${sign} is not followed by ${wantsText ? "text" : "a number"}`);
  }
  if (wantsText && sign !== "=" && sign !== "!=") throw problem(`${field.name} is text, which has only = and !=`);
  return wantsText ? token.text : Number(token.text);
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  const pattern = new RegExp(TOKEN_PATTERN);
  while (pattern.lastIndex < end) {
    const from = pattern.lastIndex;
    const found = pattern.exec(text);
    if (found === null) throw problem(`${JSON.stringify(text.slice(from).trim())} cannot be read`);
    const [, word, number, doubleQuoted, singleQuoted, sign] = found;
    if (word !== undefined) tokens.push({ kind: "word", text: word });
    else if (number !== undefined) tokens.push({ kind: "number", text: number });
    else if (sign !== undefined) tokens.push({ kind: "sign", text: sign });
    else tokens.push({ kind: "text", text: doubleQuoted ?? singleQuoted ?? "" });
  }
  return tokens;
}

function unreadable(token: Token | undefined): UserError {
  return problem(token === undefined ? "it ends too early" : `${JSON.stringify(token.text)} is not expected there`);
}

function problem(what: string): UserError {
  return new UserError(`--output-filter: ${what}`, { remedy: EXAMPLE, exitCode: 2 });
}
