import { z } from "zod";
import { textAddress } from "../compare/rows.js";
import type { Store } from "../store/store.js";
import { dictionaryName } from "./dictionaries.js";
import { FILE_KINDS, PINNED_TOPICS, TOPICS, type Topic } from "./entry.js";
import { type Lookups, NO_LOOKUPS } from "./lookups.js";

/** The snapshot that a topic is looked up in. */
const pin = z.object({
  topic: z.enum(PINNED_TOPICS),
  snapshot: z.number(),
  kind: z.enum(FILE_KINDS),
  date: z.string(),
  file: z.string(),
});
export type Pin = z.output<typeof pin>;

/** Each topic's latest snapshot whose data are not younger than a date (`YYYY-MM-DD`); of several of a day the last import. */
export async function readPins(store: Store, asOf: string): Promise<Pin[]> {
  const pins: Pin[] = [];
  const sql = `
    SELECT toString(topic) AS topic, snapshot, toString(kind) AS kind, toString(date) AS date, file
    FROM snapshots FINAL
    WHERE snapshots.date <= toDate({asOf:String}) AND topic IN (${PINNED_TOPICS.map((topic) => `'${topic}'`).join(", ")})
    ORDER BY topic, snapshots.date DESC, snapshot DESC LIMIT 1 BY topic`;
  for await (const row of store.rows(sql, { asOf })) pins.push(pin.parse(row));
  return pins;
}

/** Topics whose names and countries of networks count first where several have one. */
const NAMERS: readonly Topic[] = ["networks", "ranks", "names"];

/**
 * How addresses and networks are looked up in these snapshots. Scans are those that ended on the day `scansUntil`
 * (`YYYY-MM-DD`) or before, or all: an operator scans a box when a campaign has found it, so they are younger than that.
 */
export function lookupsOf(pins: readonly Pin[], scansUntil?: string): Lookups {
  const snapshotOf = new Map<Topic, number>(pins.map(({ topic, snapshot }) => [topic, snapshot]));
  const get = (topic: Topic, attributes: string | readonly string[], address: string): string | null => {
    const snapshot = snapshotOf.get(topic);
    const named =
      typeof attributes === "string" ? `'${attributes}'` : `(${attributes.map((one) => `'${one}'`).join(", ")})`;
    return snapshot === undefined ? null : `dictGet('${dictionaryName(topic, snapshot)}', ${named}, tuple(${address}))`;
  };
  const namers = NAMERS.flatMap((topic, i) => {
    const snapshot = snapshotOf.get(topic);
    return snapshot === undefined ? [] : [`SELECT *, ${i} AS place FROM as_info FINAL WHERE snapshot = ${snapshot}`];
  });
  const first = (column: string) => `argMinIf(${column}, place, ${column} != '') AS ${column}`;
  return {
    asn: (address) => {
      const [member, announced] = [get("exchanges", "asn", address), get("origins", "asn", address)];
      // The peering network of an exchange is announced by nobody, or by the exchange: the member's own number is better.
      if (member !== null && announced !== null) return `if(${member} != 0, ${member}, ${announced})`;
      return member ?? announced ?? NO_LOOKUPS.asn(address);
    },
    country: (address) => get("places", "country", address) ?? NO_LOOKUPS.country(address),
    coordinates: (address) => get("places", ["latitude", "longitude"], address) ?? NO_LOOKUPS.coordinates(address),
    exchange: (address) => get("exchanges", "exchange", address) ?? NO_LOOKUPS.exchange(address),
    networks:
      namers.length === 0
        ? NO_LOOKUPS.networks
        : `(SELECT asn, ${first("name")}, max(rank) AS rank, ${first("country")}, ${first("network_type")}
            FROM (${namers.join(" UNION ALL ")}) GROUP BY asn)`,
    scans: scansSql(scansUntil),
  };
}

function scansSql(until?: string): string {
  return `(
    SELECT ${textAddress("found.address")} AS hop, toUnixTimestamp(found.scanned_at) AS at, files.file AS file, found.names AS names,
      arrayMap(port -> (port.1, port.2, port.4, port.5), arrayFilter(port -> port.3 = 'open', found.ports)) AS ports,
      found.os AS os, found.os_accuracy AS os_accuracy
    FROM host_scans AS found
    INNER JOIN (SELECT snapshot, file FROM snapshots FINAL WHERE topic = 'scans') AS files ON files.snapshot = found.snapshot
    ${until === undefined ? "" : `WHERE toDate(found.scanned_at) <= toDate('${until}')`}
    ORDER BY found.address, found.scanned_at DESC, found.snapshot DESC LIMIT 1 BY found.address)`;
}

/** Where what a report says of networks and places comes from, a line each; without a snapshot, why it says nothing. */
export function pinWords(pins: readonly Pin[], asOf: string): string[] {
  const byFile = new Map<string, Topic[]>();
  for (const { topic, kind, file, date, snapshot } of pins) {
    const words = `${file} (${kind}, ${date}, snapshot ${snapshot})`;
    byFile.set(words, [...(byFile.get(words) ?? []), topic]);
  }
  const known = [...byFile].map(([words, topics]) => `${topics.join(", ")}: ${words}`);
  const unknown = PINNED_TOPICS.filter((topic) => !pins.some((one) => one.topic === topic));
  if (unknown.length === 0) return known;
  return [...known, `${unknown.join(", ")}: unknown, no data of ${asOf} or before were imported`];
}

const listed = pin.extend({ topic: z.enum(TOPICS), rows: z.number(), leftOut: z.number() });
/** An imported data set, by topic. */
export type Snapshot = z.output<typeof listed>;

/** All snapshots, the latest data first. */
export async function readSnapshots(store: Store): Promise<Snapshot[]> {
  const snapshots: Snapshot[] = [];
  const sql = `
    SELECT toString(topic) AS topic, snapshot, toString(kind) AS kind, toString(date) AS date, file, rows, left_out AS leftOut
    FROM snapshots FINAL ORDER BY snapshots.date DESC, snapshot DESC, topic`;
  for await (const row of store.rows(sql)) snapshots.push(listed.parse(row));
  return snapshots;
}
