import sax from "sax";
import { formatAddress, parseAddress } from "../../../shared/address/address.js";
import { DecodeError, errorMessage, UserError } from "../../../shared/errors.js";
import { type NamedFile, readText } from "../../hitlist/text-file.js";
import { ipv6Text } from "../../store/address-text.js";
import type { Entry, FileContent } from "../entry.js";
import { type NmapHost, startHost, takeElement } from "./nmap-host.js";

/** Unpacked; a scan of all ports of a thousand hosts has a tenth of it. */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Output of `nmap -oX` (docs/nmap.dtd of nmap): a row for each address of each host that was up. The file is read as it
 * comes, a host at a time. No document type is loaded and no entity known but those of XML itself.
 * @throws UserError for what is no such file, is cut off or too large
 */
export function readNmap(file: NamedFile, mostBytes = MOST_BYTES): FileContent {
  let startedAt: number | null = null;
  async function* entries(): AsyncGenerator<Entry> {
    const reader = createReader(file, mostBytes);
    for await (const piece of readText(file)) {
      yield* reader.take(piece).flatMap((host) => entriesOf(host, reader.startedAt));
    }
    reader.end();
    startedAt = reader.startedAt;
  }
  return {
    get date() {
      return startedAt === null ? null : new Date(startedAt * 1000).toISOString().slice(0, 10);
    },
    entries: entries(),
  };
}

interface NmapReader {
  /** The hosts that end in a piece of the file. */
  take(piece: Uint8Array): NmapHost[];
  end(): void;
  /** Start of the scan, Unix seconds; null where the file does not say. */
  readonly startedAt: number | null;
}

function createReader({ name }: NamedFile, mostBytes: number): NmapReader {
  const parser = sax.parser(true, { position: true });
  const decoder = new TextDecoder();
  let bytes = 0;
  let isBegun = false;
  let startedAt: number | null = null;
  let host: NmapHost | null = null;
  let ended: NmapHost[] = [];
  const refuse = (why: string, remedy: string, cause?: unknown) =>
    new UserError(`${name} ${why}`, { remedy, exitCode: 2, cause });

  parser.onerror = (error) => {
    // Its own limit of a value, which what scripts of nmap print may pass; the file's is the one that counts.
    if (error.message.startsWith("Max buffer length exceeded")) {
      parser.resume();
      return;
    }
    const [what = ""] = errorMessage(error).split("\n");
    throw refuse(
      `is no whole XML document: ${what} in line ${parser.line + 1}`,
      "give what `nmap -oX` wrote, from a run that was not interrupted",
      error,
    );
  };
  parser.onopentag = ({ name: element, attributes }) => {
    const given = attributes as Readonly<Record<string, string>>;
    if (!isBegun) {
      if (element !== "nmaprun" || given.scanner !== "nmap") {
        throw refuse("is no output of nmap", "give what `nmap -oX FILE` wrote");
      }
      isBegun = true;
      startedAt = unixSeconds(given.start);
    } else if (element === "host") host = startHost(given);
    else if (host !== null) takeElement(host, element, given);
  };
  parser.onclosetag = (element) => {
    if (element !== "host" || host === null) return;
    ended.push(host);
    host = null;
  };
  return {
    take(piece) {
      bytes += piece.length;
      if (bytes > mostBytes) {
        throw refuse(`has more than ${mostBytes >> 20} MiB`, "scan the addresses of boxes alone");
      }
      parser.write(decoder.decode(piece, { stream: true }));
      const hosts = ended;
      ended = [];
      return hosts;
    },
    end() {
      parser.write(decoder.decode()).close();
      if (!isBegun) throw refuse("is empty", "give what `nmap -oX FILE` wrote");
    },
    get startedAt() {
      return startedAt;
    },
  };
}

function entriesOf({ isUp, addresses, times, ...found }: NmapHost, startedAt: number | null): Entry[] {
  const [example = ""] = addresses;
  if (!isUp) return [{ leftOut: "a host that was not up", example }];
  const scanned_at = times.map(unixSeconds).find((time) => time !== null) ?? startedAt;
  if (scanned_at === null) return [{ leftOut: "a host without the time of its scan", example }];
  if (addresses.length === 0) return [{ leftOut: "a host without an address", example: found.names.join() }];
  return addresses.map((text): Entry => {
    const address = canonicalAddress(text);
    if (address === null) return { leftOut: "no address", example: text };
    const { names, ports, os, osAccuracy } = found;
    return { topic: "scans", row: { address, scanned_at, names, ports, os, os_accuracy: osAccuracy } };
  });
}

function canonicalAddress(text: string): string | null {
  try {
    return ipv6Text(formatAddress(parseAddress(text)));
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

/** A time as the table takes it; null for none, and for what is no time. */
function unixSeconds(text: string | undefined): number | null {
  const seconds = /^\d{1,10}$/.test(text ?? "") ? Number(text) : 0;
  return seconds > 0 && seconds < 2 ** 32 ? seconds : null;
}
