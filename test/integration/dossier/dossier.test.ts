import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { buildJudgements } from "../../../coordinator/compare/build.js";
import { buildViews } from "../../../coordinator/compare/build-views.js";
import type { Dossier } from "../../../coordinator/dossier/document.js";
import { readDossiers } from "../../../coordinator/dossier/read.js";
import { migrate, readMigrations } from "../../../coordinator/store/migrate.js";
import { parseAddress } from "../../../shared/address/address.js";
import type { FactRow, TraceHopRow } from "../../../shared/batch/rows.js";
import type { Variant } from "../../../shared/probe/variant.js";
import type { SynVerdict } from "../../../shared/verdict/names.js";
import { insertFacts } from "../report/insert-rows.js";
import { startTestWarehouse, type TestWarehouse } from "../support/warehouse.js";

const STRIPPED = ["tcp.option.mptcp.removed"];
const CLAMPED = ["tcp.option.mptcp.removed", "tcp.option.mss.changed"];
const AT_MS = Date.parse("2026-03-02T03:00:00Z");
const NOTHING = new Uint8Array(0);

/** From the IP header on, with an MSS of 1380 in 24 bytes of TCP (RFC 9293 section 3.2). */
const QUOTE = Buffer.from(
  "4500002c00000000010600000102030401020304" + "77770050000000010000000060024000000000000204" + "0564",
  "hex",
);

function hop(target: string, ttl: number, responder: string, changes: readonly string[], atMs: number): TraceHopRow {
  return {
    ...{ table: "trace_hops", source: "tracebox/1", index: 0, port: 80, variant: "v1", ttl },
    ...{ target: parseAddress(target), responder: parseAddress(responder), kind: "time-exceeded" },
    ...{ receivedAtUs: atMs * 1000, rttUs: ttl * 1_000, replyTtl: 250 - ttl, verdict: "", unobservable: [] },
    ...{ changes, mptcp: changes.length > 0 ? "stripped-removed" : "unmodified", options: NOTHING, icmpType: 11 },
    ...{
      icmpCode: 0,
      quote: QUOTE,
      firstDifferenceBit: null,
      icmpExtensions: [],
      sentFrom: parseAddress("203.0.113.1"),
    },
  };
}

function answered(target: string, ttl: number, verdict: SynVerdict, variant: Variant = "v1"): TraceHopRow {
  const row = hop(target, ttl, target, [], AT_MS);
  return { ...row, kind: "synack", variant, verdict, mptcp: "unobservable", icmpType: 0, quote: NOTHING };
}

const reply = (target: string, verdict: SynVerdict): FactRow => ({
  ...{ table: "syn_replies", source: "synscan/v4/80", index: 0, port: 80, receivedAtUs: AT_MS * 1000, icmpCode: 0 },
  ...{ target: parseAddress(target), responder: parseAddress(target), variant: "v1", verdict, options: NOTHING },
  ...{ rttUs: 20_000, ttl: 60, tcpFlags: 0x12, window: 65_160, receiverKey: null, icmpType: 0, quote: NOTHING },
});

/** Hops by address, the changed ones with what they show; the target answers behind the last. */
function path(
  target: string,
  hops: readonly (string | readonly [string, readonly string[]])[],
  atMs = AT_MS,
): FactRow[] {
  const rows = hops.map((one, i) => {
    const [responder, changes] = typeof one === "string" ? [one, []] : one;
    return hop(target, i + 1, responder, changes, atMs);
  });
  return [reply(target, "plain"), ...rows, answered(target, hops.length + 1, "plain")];
}

/*
 * A box at 192.0.2.9, behind which two ways begin; one at 198.51.100.7, to which two ways lead; and one at the doorstep of
 * syd, behind which two first hops share the load. DSCP is rewritten everywhere, by no box.
 */
const PATHS: Readonly<Record<string, readonly FactRow[]>> = {
  fra: [
    ...path("198.18.0.1", ["192.0.2.1", "192.0.2.9", ["192.0.2.31", STRIPPED]]),
    ...path("198.18.0.2", ["192.0.2.1", "192.0.2.9", ["192.0.2.32", CLAMPED]]),
    ...path("198.18.0.3", ["192.0.2.1", "192.0.2.2", ["198.51.100.7", STRIPPED]], AT_MS + 60_000),
    ...path("198.18.0.6", ["192.0.2.1", ["192.0.2.2", ["ip.dscp.changed"]]]),
  ],
  sin: [
    ...path("198.18.0.1", ["203.0.113.65", "203.0.113.66", "192.0.2.9", ["192.0.2.31", STRIPPED]]),
    ...path("198.18.0.3", ["203.0.113.65", "203.0.113.77", "203.0.113.78", ["198.51.100.7", STRIPPED]]),
  ],
  syd: [
    ...path("198.18.0.4", [["203.0.113.129", STRIPPED], "192.0.2.2"]),
    ...path("198.18.0.5", [["203.0.113.130", STRIPPED], "192.0.2.2"]),
  ],
};

let test: TestWarehouse;
beforeAll(async () => {
  test = await startTestWarehouse();
  await migrate(test.store, readMigrations("coordinator/store/sql"));
  for (const campaign of ["earlier", "now"]) {
    for (const [vantage, rows] of Object.entries(PATHS)) {
      if (campaign === "now" || vantage === "fra") {
        await insertFacts(test.store, { campaign, vantage, agent: `${vantage}-80` }, rows);
      }
    }
    await buildViews(test.store, { campaign, everywhere: [], variants: ["v1"] });
    await buildJudgements(test.store, campaign);
  }
  const run = { series: "weekly", state: "finished", record: "{}", updated_at: "2026-03-02 04:00:00.000" };
  await test.store.insertRows("campaigns", [
    { ...run, id: "earlier", created_at: "2026-02-23 03:00:00.000" },
    { ...run, id: "now", created_at: "2026-03-02 02:59:00.000" },
  ]);
}, 60_000);
afterAll(() => test.stop());

const named = (dossiers: readonly Dossier[], address: string | null) => dossiers.find((one) => one.address === address);

describe("a dossier", () => {
  it("names each box once, by the hop at which most of its paths meet", async () => {
    const { dossiers, boxes, vantages } = await readDossiers(test.store, { campaign: "now" });
    expect(vantages).toEqual(["fra", "sin", "syd"]);
    expect(dossiers.map(({ address, place, paths, targets }) => [address, place, paths, targets])).toEqual([
      ["192.0.2.9", "behind", 3, 2],
      ["198.51.100.7", "at", 2, 1],
      [null, "source", 2, 2],
      // The one path whose segment size changed: no other path speaks for the hop before it.
      ["192.0.2.32", "at", 1, 1],
    ]);
    expect(boxes).toBe(4);
  });

  it("has all that the paths say of it", async () => {
    const { dossiers } = await readDossiers(test.store, { campaign: "now" });
    expect(named(dossiers, "198.51.100.7")).toEqual({
      address: "198.51.100.7",
      place: "at",
      reverseName: null,
      ...{ asn: null, asName: null, country: null, exchange: null },
      after: ["192.0.2.2", "203.0.113.78"],
      before: ["198.51.100.7"],
      seenInAnswersOnly: false,
      behaviour: [{ condition: "tcp.option.mptcp.removed", paths: 2 }],
      fingerprints: ["pan-os"],
      segmentSizes: [],
      // 46 bytes less an IP header of 20; replies of TTL 247 and 246 began with 255.
      quote: { tcpBytes: [24, 24], initialTtls: [255], extensions: [] },
      seenFrom: [
        { vantage: "fra", paths: 1, hops: [2, 3], rttUs: 3_000 },
        { vantage: "sin", paths: 1, hops: [3, 4], rttUs: 4_000 },
      ],
      ...{ targets: 1, paths: 2, examples: [{ target: "198.18.0.3", port: 80 }] },
      // Two traces that show it first at the same hop, no hop between: 1 - 2^-2.
      confidence: 0.75,
      firstSeenMs: Date.parse("2026-02-23T03:00:00Z"),
      lastSeenMs: AT_MS + 60_000,
      campaigns: ["earlier", "now"],
      scans: [],
    });
    expect(named(dossiers, null)).toMatchObject({
      place: "source",
      after: [],
      before: ["203.0.113.129", "203.0.113.130"],
      seenFrom: [{ vantage: "syd", paths: 2, hops: [0, 1], rttUs: 1_000 }],
      ...{ firstSeenMs: AT_MS, lastSeenMs: AT_MS, campaigns: ["now"] },
    });
  });

  it("is the same when it is read again, and stops at a limit that it tells of", async () => {
    const all = await readDossiers(test.store, { campaign: "now" });
    expect(await readDossiers(test.store, { campaign: "now" })).toEqual(all);
    const first = await readDossiers(test.store, { campaign: "now", limit: 1 });
    expect(first).toEqual({ ...all, dossiers: all.dossiers.slice(0, 1) });
    expect(await readDossiers(test.store, { campaign: "none" })).toMatchObject({ dossiers: [], boxes: 0 });
  });
});
