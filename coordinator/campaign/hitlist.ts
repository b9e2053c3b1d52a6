import { addressFamily, parseAddress } from "../../shared/address/address.js";
import { DecodeError, UserError } from "../../shared/errors.js";

/**
 * The IPv6 addresses of a hitlist: one a line, blank lines and `#` comments left out, repetitions dropped. `name` is the
 * file's, for messages. Throws UserError (exit code 2) naming the first line that is no IPv6 address.
 */
export function parseHitlist(text: string, name: string): Uint8Array[] {
  const seen = new Set<string>();
  const addresses: Uint8Array[] = [];
  let number = 0;
  for (const line of text.split("\n")) {
    number++;
    const entry = line.replace(/#.*/, "").trim();
    if (entry === "") {
      continue;
    }
    const address = readAddress(entry);
    if (address === null) {
      throw new UserError(`${name}, line ${number}: "${entry.slice(0, 60)}" is not an IPv6 address`, {
        remedy: "put one IPv6 address on each line",
        exitCode: 2,
      });
    }
    const key = String.fromCharCode(...address);
    if (!seen.has(key)) {
      seen.add(key);
      addresses.push(address);
    }
  }
  return addresses;
}

function readAddress(entry: string): Uint8Array | null {
  try {
    const address = parseAddress(entry);
    return addressFamily(address) === 6 ? address : null;
  } catch (error) {
    if (error instanceof DecodeError) {
      return null;
    }
    throw error;
  }
}
