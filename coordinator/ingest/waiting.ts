import { errorMessage } from "../../shared/errors.js";

/** Error codes of ClickHouse, and words of the system, by what is to be done. */
const REMEDIES: readonly { readonly signs: RegExp; readonly remedy: string }[] = [
  {
    signs: /\bENOSPC\b|No space left|NOT_ENOUGH_SPACE|CANNOT_WRITE_TO_FILE/i,
    remedy: "its disk is full: make room on it",
  },
  {
    signs: /READONLY|READ_ONLY|readonly mode|reads only|ACCESS_DENIED|AUTHENTICATION_FAILED|Not enough privileges/i,
    remedy: "it takes no rows from this user: end its read-only mode, or see the user's rights and password",
  },
  {
    signs: /ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ETIMEDOUT|ENOTFOUND|socket hang up/i,
    remedy: "start it again, or see the address in --clickhouse",
  },
];

/** One line of what keeps rows out of the tables, and what to do; nothing is lost meanwhile. */
export function waitingLine(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  const type = typeof error === "object" && error !== null && "type" in error ? String(error.type) : "";
  const reason = (errorMessage(error).split("\n")[0] ?? "").replace(/[.\s]+$/, "");
  const found = REMEDIES.find(({ signs }) => signs.test(`${code} ${type} ${reason}`));
  return `ingest waits for the warehouse, and agents keep what they send: ${reason}; ${found?.remedy ?? "see its log"}`;
}
