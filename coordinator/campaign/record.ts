import { z } from "zod";
import type { Codec } from "../control/control.js";
import { type CampaignSpec, parseCampaign } from "./spec.js";

export const PASSES = ["synscan", "recheck", "verify", "tracebox", "timing"] as const;
/** One walk over target sources. `recheck` sends the probes of the SYN scan. */
export type Pass = (typeof PASSES)[number];

export const CAMPAIGN_STATES = ["created", "running", "finished", "cancelled", "failed"] as const;
export type CampaignState = (typeof CAMPAIGN_STATES)[number];

/** One target source: what leases are cut from. */
export interface SourceRecord {
  /** `<pass>/<family>/<ports joined by +>[/<vantage>]` */
  readonly id: string;
  /** `canary`: none of the passes, asked beside them. */
  readonly pass: Pass | "canary";
  readonly family: "v4" | "v6";
  readonly ports: readonly number[];
  /** Text of the port group's selector; empty matches every agent. */
  readonly selector: string;
  /** The only vantage point that works on it, or null. */
  readonly vantage: string | null;
  /** Names the permutation of its targets. Sources with the same one have the same target at each index. */
  readonly order: string;
  /** Name of the frozen list under which the store has the targets; null for computed targets. */
  readonly list: string | null;
  /** N. */
  readonly size: number;
  /**
   * timing: where each round ends. The indices below the first end are of round 0, and so on; rounds follow each other in
   * the whole fleet. Empty in every other pass.
   */
  readonly rounds: readonly number[];
  /** Of those, how many were left out because no agent of the vantage point could ask them; known at the pass's end. */
  readonly skipped: number;
}

/**
 * One immutable run and where it stands.
 *
 * created -> running: each pass is `preparing` (lists are frozen) and then `leasing`; after the last one `comparing`
 * -> finished | cancelled | failed
 */
export interface CampaignRecord {
  readonly id: string;
  readonly series: string;
  readonly specText: string;
  readonly spec: CampaignSpec;
  readonly state: CampaignState;
  /** A running campaign that sends nothing until it is resumed. */
  readonly paused: boolean;
  /** Where a running campaign stands; where an ended one stood. */
  readonly step: CampaignStep | null;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  readonly secret: Uint8Array;
  readonly permutationKey: Uint8Array;
  /** Allowed IPv4 ranges `[first, last]`. */
  readonly ranges: readonly (readonly [number, number])[];
  readonly addresses6: number;
  /** Vantage points at the start; rechecks, handshakes, traces and replicated scans run from these. */
  readonly vantages: readonly string[];
  /** Sources of the passes so far. */
  readonly sources: readonly SourceRecord[];
  /** What was left out, in words: of the targets when it was made, and of the work since. */
  readonly notes: readonly string[];
  /** Why it failed, or empty. */
  readonly error: string;
  readonly coordinatorVersion: string;
  /** The opt-outs that were left out of its targets when it was made; later ones are skipped when their turn comes. */
  readonly optOuts: { readonly revision: number; readonly hash: string };
  /** SHA-256 of the allowed ranges, hexadecimal. */
  readonly rangesHash: string;
}

export type CampaignStep =
  | { readonly name: Pass; readonly phase: "preparing" | "leasing" }
  | { readonly name: "comparing" };

const count = z.number().int().nonnegative();
const bytes = z.string().regex(/^[0-9a-f]{32}$/);
const stored = z.object({
  id: z.string(),
  series: z.string(),
  specText: z.string(),
  state: z.enum(CAMPAIGN_STATES),
  paused: z.boolean().default(false),
  step: z
    .union([
      z.object({ name: z.enum(PASSES), phase: z.enum(["preparing", "leasing"]) }),
      z.object({ name: z.literal("comparing") }),
    ])
    .nullable(),
  createdAtMs: count,
  startedAtMs: count.nullable(),
  finishedAtMs: count.nullable(),
  secret: bytes,
  permutationKey: bytes,
  ranges: z.array(z.tuple([count, count])),
  addresses6: count,
  vantages: z.array(z.string()),
  sources: z.array(
    z.object({
      id: z.string(),
      pass: z.enum(PASSES),
      family: z.enum(["v4", "v6"]),
      ports: z.array(z.number().int()),
      selector: z.string(),
      vantage: z.string().nullable(),
      order: z.string().optional(),
      list: z.string().nullable(),
      size: count,
      rounds: z.array(count).default([]),
      skipped: count.default(0),
    }),
  ),
  notes: z.array(z.string()),
  error: z.string(),
  coordinatorVersion: z.string(),
  optOuts: z.object({ revision: count, hash: z.string() }).default({ revision: 0, hash: "" }),
  rangesHash: z.string(),
});

/** `decode` throws ZodError, SyntaxError or UserError for a text that is no campaign of this version. */
export const campaignCodec: Codec<CampaignRecord> = {
  encode({ spec: _, ...record }) {
    return JSON.stringify({ ...record, secret: toHex(record.secret), permutationKey: toHex(record.permutationKey) });
  },
  decode(text) {
    const value = stored.parse(JSON.parse(text));
    return {
      ...value,
      sources: value.sources.map((source) => ({ ...source, order: source.order ?? source.id })),
      spec: parseCampaign(value.specText),
      secret: fromHex(value.secret),
      permutationKey: fromHex(value.permutationKey),
    };
  },
};

/** True when nothing changes any more. */
export function isOver(record: { readonly state: CampaignState }): boolean {
  return record.state === "finished" || record.state === "cancelled" || record.state === "failed";
}

function toHex(value: Uint8Array): string {
  return Buffer.from(value).toString("hex");
}

function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "hex"));
}
