import { z } from "zod";
import { type Lookups, NO_LOOKUPS } from "../enrich/lookups.js";
import type { Store } from "../store/store.js";
import { AT_SOURCE, boxesSql } from "./boxes.js";
import type { BoxPlace, Dossier, Dossiers, HostScan, OpenPort } from "./document.js";

/** Dossiers that are read unless asked for more. */
const USUAL_LIMIT = 100;

export interface DossierRequest {
  readonly campaign: string;
  readonly limit?: number;
  /** Networks and places are unknown without. */
  readonly lookups?: Lookups;
}

const openPort = z
  .tuple([z.number(), z.string(), z.string(), z.string()])
  .transform(([port, protocol, service, product]): OpenPort => ({ port, protocol, service, product }));

const scan = z
  .tuple([z.string(), z.number(), z.string(), z.array(z.string()), z.array(openPort), z.string(), z.number()])
  .transform(
    ([address, at, file, names, ports, os, accuracyPercent]): HostScan => ({
      ...{ address, scannedAtMs: at * 1000, file, names, ports },
      os: os === "" ? null : { name: os, accuracyPercent },
    }),
  );

const boxColumns = z.object({
  box: z.string(),
  boxes: z.number(),
  targets: z.number(),
  path_count: z.number(),
  afters: z.array(z.string()),
  befores: z.array(z.string()),
  in_answers: z.number(),
  examples: z.array(z.tuple([z.string(), z.number()])),
  known_boxes: z.array(z.string()),
  sizes: z.array(z.number()),
  fewest_bytes: z.number().nullable(),
  most_bytes: z.number().nullable(),
  initial_ttls: z.array(z.number()),
  told: z.array(z.string()),
  sure: z.number(),
  first_seen_ms: z.number(),
  last_seen_ms: z.number(),
  behaviour: z.array(z.tuple([z.string(), z.number()])),
  seen_from: z.array(z.tuple([z.string(), z.number(), z.number(), z.number(), z.number().nullable()])),
  campaigns: z.array(z.string()),
  hop_asn: z.number(),
  hop_country: z.string(),
  hop_exchange: z.string(),
  as_name: z.string(),
  scans: z.array(scan),
});

const boxRow = boxColumns.transform((row) => ({ boxes: row.boxes, dossier: dossierOf(row) }));

/** The boxes of a compared campaign, each with all that its paths say of it. The same tables give the same dossiers. */
export async function readDossiers(
  store: Store,
  { campaign, limit = USUAL_LIMIT, lookups = NO_LOOKUPS }: DossierRequest,
): Promise<Omit<Dossiers, "knowledge">> {
  const rows = [];
  for await (const row of store.rows(boxesSql(lookups), { campaign, limit })) rows.push(boxRow.parse(row));
  const vantages: string[] = [];
  for await (const row of store.rows(VANTAGES, { campaign })) vantages.push(String(row.vantage));
  return { campaign, vantages, dossiers: rows.map(({ dossier }) => dossier), boxes: rows[0]?.boxes ?? 0 };
}

const VANTAGES = `
  SELECT DISTINCT toString(vantage) AS vantage FROM view_counts FINAL WHERE campaign = {campaign:String} ORDER BY vantage`;

function dossierOf(row: z.output<typeof boxColumns>): Dossier {
  const isHop = (name: string) => !name.startsWith(AT_SOURCE);
  const place: BoxPlace = !isHop(row.box) ? "source" : row.befores.includes(row.box) ? "at" : "behind";
  const unknown = (text: string) => (text === "" ? null : text);
  return {
    address: isHop(row.box) ? row.box : null,
    place,
    reverseName: null,
    asn: row.hop_asn === 0 ? null : row.hop_asn,
    asName: unknown(row.as_name),
    country: unknown(row.hop_country),
    exchange: unknown(row.hop_exchange),
    after: row.afters.filter(isHop),
    before: row.befores,
    seenInAnswersOnly: row.in_answers === 1,
    behaviour: row.behaviour.map(([condition, paths]) => ({ condition, paths })),
    fingerprints: row.known_boxes,
    segmentSizes: row.sizes,
    quote:
      row.fewest_bytes === null || row.most_bytes === null
        ? null
        : { tcpBytes: [row.fewest_bytes, row.most_bytes], initialTtls: row.initial_ttls, extensions: row.told },
    seenFrom: row.seen_from.map(([vantage, paths, nearest, farthest, rttUs]) => ({
      vantage,
      paths,
      hops: [nearest, farthest],
      rttUs,
    })),
    targets: row.targets,
    paths: row.path_count,
    examples: row.examples.map(([target, port]) => ({ target, port })),
    confidence: row.sure,
    firstSeenMs: row.first_seen_ms,
    lastSeenMs: row.last_seen_ms,
    campaigns: row.campaigns,
    scans: row.scans,
  };
}
