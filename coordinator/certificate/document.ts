import { z } from "zod";
import { CAMPAIGN_STATES, PASSES } from "../campaign/record.js";

const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const hex16 = z.string().regex(/^[0-9a-f]{32}$/);

/**
 * What became of the indices `[from, to)`: `asked` once or more, with all rows in the tables; `skipped` for a reason;
 * `uncertain`: may have been asked, and not all of its rows need be there; `not-asked`.
 */
const piece = z.strictObject({
  from: count,
  to: count,
  kind: z.enum(["asked", "skipped", "uncertain", "not-asked"]),
  /** Empty for `asked`. */
  reason: z.string(),
});

/** Indices that may have been asked once more than the pieces say, as an agent was lost in the middle of them. */
const repeated = z.strictObject({ from: count, to: count, vantage: z.string(), agent: z.string(), reason: z.string() });

const source = z.strictObject({
  id: z.string(),
  pass: z.enum(PASSES),
  family: z.enum(["v4", "v6"]),
  ports: z.array(z.int().min(1).max(65_535)).min(1),
  vantage: z.string().nullable(),
  /** Computed from the manifest's ranges, or a frozen list. */
  kind: z.enum(["space", "list"]),
  /** N. */
  size: count,
  counts: z.strictObject({ asked: count, skipped: count, uncertain: count, notAsked: count, repeated: count }),
  /** They tile [0, N), in order. */
  pieces: z.array(piece),
  repeated: z.array(repeated),
});

const manifest = z.strictObject({
  campaign: z.string(),
  series: z.string(),
  state: z.enum(CAMPAIGN_STATES).exclude(["created", "running"]),
  error: z.string(),
  createdAt: z.iso.datetime(),
  startedAt: z.iso.datetime().nullable(),
  finishedAt: z.iso.datetime().nullable(),
  /** The campaign's file, and the SHA-256 of its bytes. */
  spec: z.string(),
  specHash: sha256,
  /** Which target an index is: public, now that the campaign is over. */
  permutationKey: hex16,
  /** SHA-256 of `parallax secret ` and the secret, which keys the probes' fields and stays secret. */
  secretCommitment: sha256,
  /** Allowed IPv4 ranges after blocklist, exclusions and opt-outs, and the SHA-256 of their JSON text. */
  ranges: z.array(z.tuple([count, count])),
  rangesHash: sha256,
  /** Listed IPv6 addresses. */
  addresses6: count,
  /** The opt-outs that were left out of N. */
  optOuts: z.strictObject({ revision: count, hash: z.string() }),
  vantages: z.array(z.string()),
  notes: z.array(z.string()),
  versions: z.strictObject({
    coordinator: z.string(),
    /** By name, of those that worked for the campaign; empty where it is not known any more. */
    agents: z.record(z.string(), z.string()),
  }),
  /** Rows in the tables, each once. */
  rows: z.record(z.string(), count),
});

export const certificateSchema = z.strictObject({
  format: z.literal("parallax coverage certificate"),
  version: z.literal(1),
  manifest,
  sources: z.array(source),
  signature: z.strictObject({
    algorithm: z.literal("ed25519"),
    /** DER (SPKI), base64. */
    publicKey: z.string(),
    /** Over the canonical text of everything but the signature, base64. */
    value: z.string(),
  }),
});

export type Certificate = z.infer<typeof certificateSchema>;
export type CertifiedSource = z.infer<typeof source>;
export type Piece = z.infer<typeof piece>;
export type Repeated = z.infer<typeof repeated>;

/** JSON with the keys of every object in order and no blanks: the same values give the same text. */
export function canonicalText(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
