import { readFileSync } from "node:fs";
import { type AsnResponse, type CityResponse, type CountryResponse, Reader, type Response } from "maxmind";
import { errorMessage, UserError } from "../../../shared/errors.js";
import type { NamedFile } from "../../hitlist/text-file.js";
import { type Entry, type FileContent, network, origin } from "../entry.js";
import { addressOf } from "./prefix.js";

/** Where an IPv6 tree repeats its IPv4 part: mapped addresses, 6to4, Teredo. */
const ALIASES: readonly (readonly [first: bigint, length: number])[] = [
  [0xffff_0000_0000n, 96],
  [0x2002n << 112n, 16],
  [0x2001_0000n << 96n, 32],
];

/**
 * A database in MaxMind's format, of cities, countries or networks (`database_type` says which). All its prefixes are
 * found by looking up the first address behind each.
 * @throws UserError for what is no such database
 */
export function readMaxmind(file: NamedFile): FileContent {
  let reader: Reader<Response>;
  try {
    reader = new Reader<Response>(readFileSync(file.path));
  } catch (cause) {
    throw new UserError(`${file.name} is no MaxMind database: ${errorMessage(cause)}`, {
      remedy: "give an .mmdb file, unpacked",
      exitCode: 2,
      cause,
    });
  }
  const { databaseType, buildEpoch, ipVersion } = reader.metadata;
  const toEntries = /ASN/i.test(databaseType)
    ? networkEntries()
    : /City|Country/i.test(databaseType)
      ? placeEntries
      : null;
  if (toEntries === null) {
    throw new UserError(`${file.name} is a database of type ${databaseType}`, {
      remedy: "import one of cities, countries or ASNs",
      exitCode: 2,
    });
  }
  function* entries(): Generator<Entry> {
    // An IPv4 address in an IPv6 tree is looked up by its own text, and its prefix length counts from its first bit.
    for (const [prefix, found] of walk(reader, true)) yield* toEntries?.(prefix, found) ?? [];
    if (ipVersion === 6) for (const [prefix, found] of walk(reader, false)) yield* toEntries?.(prefix, found) ?? [];
  }
  return { date: buildEpoch.toISOString().slice(0, 10), entries: entries() };
}

function* walk(reader: Reader<Response>, isV4: boolean): Generator<[prefix: string, found: Response]> {
  const bits = isV4 ? 32 : 128;
  // Below this an IPv6 tree has its IPv4 part.
  let at = isV4 ? 0n : 1n << 32n;
  while (at < 1n << BigInt(bits)) {
    const alias = isV4
      ? undefined
      : ALIASES.find(([first, length]) => at >> BigInt(128 - length) === first >> BigInt(128 - length));
    if (alias !== undefined) {
      at = alias[0] + (1n << BigInt(128 - alias[1]));
      continue;
    }
    const address = addressOf(at, isV4);
    const [found, length] = reader.getWithPrefixLength(address);
    // The prefix that the address is in may begin before it, behind an alias that was passed over.
    const size = 1n << BigInt(bits - length);
    if (found !== null) yield [`${addressOf(at - (at % size), isV4)}/${length}`, found];
    at = at - (at % size) + size;
  }
}

function* placeEntries(prefix: string, found: Response): Generator<Entry> {
  const { country, registered_country, city, location } = found as Partial<CityResponse> & Partial<CountryResponse>;
  const code = country?.iso_code ?? registered_country?.iso_code ?? "";
  if (code === "") yield { leftOut: "no country", example: prefix };
  else {
    const place = {
      city: city?.names?.en ?? "",
      latitude: location?.latitude ?? null,
      longitude: location?.longitude ?? null,
    };
    yield { topic: "places", row: { prefix, country: code, ...place } };
  }
}

function networkEntries(): (prefix: string, found: Response) => Generator<Entry> {
  const named = new Set<number>();
  return function* (prefix, found) {
    const { autonomous_system_number: asn, autonomous_system_organization: name = "" } = found as Partial<AsnResponse>;
    if (asn === undefined || asn === 0) {
      yield { leftOut: "no network number", example: prefix };
      return;
    }
    yield origin(prefix, [asn]);
    if (!named.has(asn)) yield network("names", { asn, name });
    named.add(asn);
  };
}
