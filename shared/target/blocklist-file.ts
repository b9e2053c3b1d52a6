import { type Prefix, parsePrefix } from "../address/prefix.js";
import { DecodeError, UserError } from "../errors.js";

/** A line of a blocklist file. */
export interface ListedPrefix {
  readonly prefix: Prefix;
  /** The text behind `#` on the line, or null when there is none. */
  readonly reason: string | null;
}

/**
 * Reads a file in the format of ZMap's blocklists and allowlists: on each line an IPv4 or IPv6 prefix, or an address
 * alone, and behind `#` the reason; blank lines and lines of comment are left out. `file` is its name, for messages.
 * Names of hosts, which ZMap would resolve, are refused: what is blocked must not depend on a resolver.
 *
 * @throws UserError (exit code 2) naming the first line that holds anything else
 */
export function parseBlocklistFile(text: string, file: string): readonly ListedPrefix[] {
  return text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .flatMap((line, i) => {
      const hash = line.indexOf("#");
      const entry = (hash < 0 ? line : line.slice(0, hash)).trim();
      const reason = hash < 0 ? "" : line.slice(hash + 1).trim();
      return entry === ""
        ? []
        : [{ prefix: readPrefix(entry, `${file}, line ${i + 1}`), reason: reason === "" ? null : reason }];
    });
}

function readPrefix(entry: string, where: string): Prefix {
  try {
    return parsePrefix(entry);
  } catch (error) {
    if (!(error instanceof DecodeError)) {
      throw error;
    }
    throw new UserError(`${where}: ${error.message}`, {
      remedy: "write one prefix such as 198.18.0.0/15 or 2001:db8::/32, or one address, on each line",
      exitCode: 2,
      cause: error,
    });
  }
}
