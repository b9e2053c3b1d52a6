import { createHash, type KeyObject } from "node:crypto";
import { type CampaignRecord, isOver, type SourceRecord } from "../campaign/record.js";
import { type Certificate, type CertifiedSource, canonicalText, certificateSchema, type Repeated } from "./document.js";
import { signText } from "./key.js";
import { type Covered, countsOf, piecesOf } from "./pieces.js";

/** A row of the table `coverage`. */
export interface CoverageFact extends Covered {
  readonly source: string;
  readonly vantage: string;
  readonly agent: string;
}

/** What certificates need of the data base. */
export interface CertificateStore {
  coverageOf(campaign: string): Promise<readonly CoverageFact[]>;
  /** Rows of each fact table, each once. */
  rowCounts(campaign: string): Promise<Readonly<Record<string, number>>>;
}

export interface CertificateInput {
  readonly record: CampaignRecord;
  readonly store: CertificateStore;
  /** Versions of the agents that are known, by name. */
  readonly agentVersions: ReadonlyMap<string, string>;
  readonly key: KeyObject;
}

/** The signed certificate of a campaign that is over. The same facts give the same text. */
export async function makeCertificate({ record, store, agentVersions, key }: CertificateInput): Promise<Certificate> {
  if (!isOver(record)) throw new RangeError(`campaign ${record.id} is ${record.state}`);
  const coverage = (await store.coverageOf(record.id)).filter(({ source }) => !source.startsWith("canary/"));
  const agents = [...new Set(coverage.map(({ agent }) => agent))].filter((agent) => agent !== "").sort();
  const body = {
    format: "parallax coverage certificate" as const,
    version: 1 as const,
    manifest: {
      campaign: record.id,
      series: record.series,
      state: record.state as "finished",
      error: record.error,
      createdAt: isoTime(record.createdAtMs),
      startedAt: record.startedAtMs === null ? null : isoTime(record.startedAtMs),
      finishedAt: record.finishedAtMs === null ? null : isoTime(record.finishedAtMs),
      spec: record.specText,
      specHash: sha256(record.specText),
      permutationKey: Buffer.from(record.permutationKey).toString("hex"),
      secretCommitment: sha256(Buffer.concat([Buffer.from("parallax secret "), record.secret])),
      ranges: record.ranges.map(([first, last]): [number, number] => [first, last]),
      rangesHash: record.rangesHash,
      addresses6: record.addresses6,
      optOuts: record.optOuts,
      vantages: [...record.vantages],
      notes: [...record.notes],
      versions: {
        coordinator: record.coordinatorVersion,
        agents: Object.fromEntries(agents.map((agent) => [agent, agentVersions.get(agent) ?? ""])),
      },
      rows: { ...(await store.rowCounts(record.id)) },
    },
    sources: record.sources.map((source) => certified(record, source, coverage)),
  };
  return certificateSchema.parse({ ...body, signature: signText(canonicalText(body), key) });
}

function certified(record: CampaignRecord, source: SourceRecord, coverage: readonly CoverageFact[]): CertifiedSource {
  const { id, pass, family, ports, vantage, list, size } = source;
  const own = coverage.filter((fact) => fact.source === id);
  const pieces = piecesOf(own, size, `campaign ${record.state}`);
  // What is uncertain as a whole is a piece of its own, and not repeated.
  const repeated = own
    .filter(({ kind }) => kind === "uncertain")
    .map(({ from, to, vantage: where, agent, reason }): Repeated => ({ from, to, vantage: where, agent, reason }))
    .sort((a, b) => a.from - b.from || a.to - b.to || (a.agent < b.agent ? -1 : 1));
  return {
    ...{ id, pass: pass as CertifiedSource["pass"], family, ports: [...ports], vantage, size },
    kind: list === null ? "space" : "list",
    counts: countsOf(pieces, repeated),
    pieces,
    repeated,
  };
}

function isoTime(unixMs: number): string {
  return new Date(unixMs).toISOString();
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
