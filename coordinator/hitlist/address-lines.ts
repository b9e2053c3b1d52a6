import { addressFamily, parseAddress } from "../../shared/address/address.js";
import { DecodeError, UserError } from "../../shared/errors.js";
import { readAddress } from "./read-address.js";

const NEWLINE = 0x0a;
const RETURN = 0x0d;
/** No line with an address is longer; a file without line ends would fill the memory. */
const LONGEST_LINE = 4_096;

/** Takes the text of a hitlist in pieces. */
export interface AddressLines {
  /** Throws UserError (exit code 2) naming the first line that holds no IPv6 address. */
  push(text: Uint8Array): void;
  /** The last line may have no line end. */
  end(): void;
}

/**
 * The IPv6 addresses of a hitlist: one a line; blank lines and what is behind `#` are left out. `onAddress` gets 16 bytes
 * that are written over for the next line. One bad line is enough to refuse the file: whoever made it must look at it,
 * since nobody can say what the line was meant to be. `name` is the file's, for messages.
 */
export function createAddressLines(name: string, onAddress: (address: Uint8Array) => void): AddressLines {
  const address = new Uint8Array(16);
  let rest: Uint8Array = new Uint8Array(0);
  let line = 0;

  const readLine = (text: Uint8Array, start: number, lineEnd: number): void => {
    line++;
    const end = text[lineEnd - 1] === RETURN && lineEnd > start ? lineEnd - 1 : lineEnd;
    // Addresses that begin with a zero byte may be mapped IPv4: these are rare enough for the slow way.
    if (readAddress(text, start, end, address) && address[0] !== 0) {
      onAddress(address);
      return;
    }
    const entry = Buffer.from(text.buffer, text.byteOffset + start, end - start)
      .toString("latin1")
      .replace(/#.*/, "")
      .trim();
    if (entry !== "") {
      address.set(parseEntry(entry, `${name}, line ${line}`));
      onAddress(address);
    }
  };
  const readLines = (text: Uint8Array): void => {
    let start = 0;
    for (let i = 0; i < text.length; i++) {
      if (text[i] === NEWLINE) {
        readLine(text, start, i);
        start = i + 1;
      }
    }
    rest = text.slice(start);
    if (rest.length > LONGEST_LINE) {
      throw badLine(`${name}, line ${line + 1}`, Buffer.from(rest).toString("latin1"));
    }
  };
  return {
    push(text) {
      readLines(rest.length === 0 ? text : Buffer.concat([rest, text]));
    },
    end() {
      if (rest.length > 0) {
        readLine(rest, 0, rest.length);
      }
    },
  };
}

function parseEntry(entry: string, where: string): Uint8Array {
  try {
    const address = parseAddress(entry);
    if (addressFamily(address) === 6) {
      return address;
    }
  } catch (error) {
    if (!(error instanceof DecodeError)) {
      throw error;
    }
  }
  throw badLine(where, entry);
}

function badLine(where: string, entry: string): UserError {
  return new UserError(`${where}: ${JSON.stringify(entry.slice(0, 60))} is not an IPv6 address`, {
    remedy: "put one IPv6 address on each line; a hitlist with a bad line is not used at all",
    exitCode: 2,
  });
}
