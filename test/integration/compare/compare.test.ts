import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { CampaignRecord, SourceRecord } from "../../../coordinator/campaign/record.js";
import { parseCampaign } from "../../../coordinator/campaign/spec.js";
import { buildJudgements } from "../../../coordinator/compare/build.js";
import { buildViews } from "../../../coordinator/compare/build-views.js";
import { readComparison, readExplanations } from "../../../coordinator/compare/read.js";
import { createCampaignStore } from "../../../coordinator/store/campaign-store.js";
import { migrate, readMigrations } from "../../../coordinator/store/migrate.js";
import { formatAddress } from "../../../shared/address/address.js";
import type { Variant } from "../../../shared/probe/variant.js";
import { VARIANTS } from "../../../shared/probe/variant.js";
import type { HandshakeVerdict, SynVerdict, ViewVerdict } from "../../../shared/verdict/names.js";
import { RULE_VERSION } from "../../../shared/verdict/rules.js";
import { startTestWarehouse, type TestWarehouse } from "../support/warehouse.js";

let test: TestWarehouse;
beforeAll(async () => {
  test = await startTestWarehouse();
  await migrate(test.store, readMigrations("coordinator/store/sql"));
}, 60_000);
afterAll(() => test.stop());

let batches = 0;
/** A batch id of its own for every row. */
const batch = () => `00000000-0000-8000-8000-${String(++batches).padStart(12, "0")}`;
const mapped = (address: string) => (address.includes(":") ? address : `::ffff:${address}`);

interface Reply {
  readonly target: string;
  readonly vantage?: string;
  readonly port?: number;
  readonly variant: Variant;
  readonly verdict: SynVerdict;
  readonly at?: number;
}

function insertReplies(campaign: string, replies: readonly Reply[]): Promise<void> {
  const rows = replies.map(({ target, vantage = "fra", port = 80, variant, verdict, at = 0 }) => ({
    campaign,
    vantage,
    agent: `${vantage}-${port}`,
    batch: batch(),
    row: 0,
    target: mapped(target),
    port,
    variant,
    verdict,
    received_at: `2026-01-01 00:00:${String(at).padStart(2, "0")}.000000`,
  }));
  return test.store.insertRows("syn_replies", rows);
}

async function read(sql: string): Promise<Readonly<Record<string, unknown>>[]> {
  const rows = [];
  for await (const row of test.store.rows(sql)) rows.push(row);
  return rows;
}

async function verdictsOf(campaign: string): Promise<Record<string, unknown>> {
  const rows = await read(
    `SELECT replaceOne(toString(target), '::ffff:', '') AS t, vantage, verdict FROM target_views FINAL WHERE campaign = '${campaign}'`,
  );
  return Object.fromEntries(rows.map(({ t, vantage, verdict }) => [`${t} ${vantage}`, verdict]));
}

describe("the view of a vantage point", () => {
  // v0, v1, plain, unknown-option; "-" is silence.
  const cases: readonly (readonly [string, readonly (SynVerdict | "-")[], ViewVerdict])[] = [
    ["a Linux host", ["plain", "claims-v1", "plain", "plain"], "claims-v1"],
    ["an old MPTCP host", ["claims-v0", "plain", "plain", "plain"], "claims-v0"],
    ["a mirror", ["echo", "echo", "plain", "echo"], "echo"],
    ["a box that alters what it mirrors", ["altered-echo", "plain", "plain", "plain"], "altered-echo"],
    ["a plain host", ["plain", "plain", "plain", "plain"], "plain"],
    ["silence to MPTCP alone", ["-", "-", "plain", "plain"], "blocked-on-mptcp"],
    ["silence to one version", ["plain", "-", "plain", "plain"], "blocked-on-mptcp"],
    ["RST to MPTCP alone", ["rst", "rst", "plain", "plain"], "blocked-on-mptcp"],
    ["silence to everything unknown", ["-", "-", "plain", "-"], "blocked-on-unknown-option"],
    ["a closed port", ["rst", "rst", "rst", "rst"], "rst"],
    ["no route", ["unreachable", "-", "unreachable", "-"], "unreachable"],
    ["an impossible option", ["malformed", "plain", "plain", "plain"], "malformed"],
  ];

  it("follows from its verdicts on all variants", async () => {
    const replies = cases.flatMap(([, verdicts], i) =>
      VARIANTS.flatMap((variant, at) => {
        const verdict = verdicts[at];
        return verdict === undefined || verdict === "-" ? [] : [{ target: `198.18.0.${i + 1}`, variant, verdict }];
      }),
    );
    await insertReplies("views", replies);
    await buildViews(test.store, { campaign: "views", everywhere: [], variants: VARIANTS });
    const found = await verdictsOf("views");
    for (const [i, [name, , verdict]] of cases.entries()) {
      expect({ name, verdict: found[`198.18.0.${i + 1} fra`] }).toEqual({ name, verdict });
    }
  });

  it("does not take a variant that was never sent for a blocked one", async () => {
    await insertReplies("v1-only", [
      { target: "198.18.0.1", variant: "v1", verdict: "plain" },
      { target: "198.18.0.1", variant: "plain", verdict: "plain" },
    ]);
    await buildViews(test.store, { campaign: "v1-only", everywhere: [], variants: ["v1", "plain"] });
    expect(await verdictsOf("v1-only")).toEqual({ "198.18.0.1 fra": "plain" });
  });

  it("takes the last answer where there are several, and silence for a vantage point that asked and heard nothing", async () => {
    await insertReplies("several", [
      { target: "2001:db8::1", variant: "v1", verdict: "plain", at: 1 },
      { target: "2001:db8::1", variant: "v1", verdict: "claims-v1", at: 2 },
      { target: "2001:db8::1", variant: "plain", verdict: "plain", at: 2 },
    ]);
    await buildViews(test.store, { campaign: "several", everywhere: ["fra", "sin"], variants: VARIANTS });
    expect(await verdictsOf("several")).toEqual({ "2001:db8::1 fra": "claims-v1", "2001:db8::1 sin": "no-reply" });
  });
});

describe("the comparison", () => {
  const hop = (vantage: string, ttl: number, responder: string, changes: readonly string[]) => ({
    campaign: "compared",
    vantage,
    agent: `${vantage}-80`,
    batch: batch(),
    row: 0,
    target: "::ffff:198.18.0.1",
    port: 80,
    variant: "v1",
    ttl,
    kind: "time-exceeded",
    responder: mapped(responder),
    received_at: "2026-01-01 00:00:00.000000",
    mptcp: changes.length > 0 ? "stripped-removed" : "unmodified",
    changes,
  });
  const answer = (vantage: string, verdict: SynVerdict) => ({
    ...hop(vantage, 4, "198.18.0.1", []),
    kind: "synack",
    verdict,
    mptcp: "unobservable",
  });
  const removed = ["tcp.option.mptcp.removed"];

  it("shows the hidden host, who hides it and where, and is the same when it is built again", async () => {
    for (const [vantage, verdict] of [
      ["fra", "claims-v1"],
      ["sin", "plain"],
    ] as const) {
      await insertReplies("compared", [
        { target: "198.18.0.1", vantage, variant: "v1", verdict },
        { target: "198.18.0.1", vantage, variant: "plain", verdict: "plain" },
        { target: "198.18.0.2", vantage, variant: "plain", verdict: "plain" },
        { target: "198.18.0.2", vantage, variant: "v1", verdict: "plain" },
      ]);
    }
    await test.store.insertRows("trace_hops", [
      hop("fra", 1, "192.0.2.1", []),
      hop("fra", 2, "192.0.2.2", []),
      hop("fra", 3, "192.0.2.3", []),
      answer("fra", "claims-v1"),
      hop("sin", 1, "198.51.100.1", []),
      hop("sin", 2, "198.51.100.2", removed),
      hop("sin", 3, "192.0.2.3", removed),
      answer("sin", "plain"),
    ]);
    const shake = (vantage: string, verdict: HandshakeVerdict, at: number) => ({
      campaign: "compared",
      vantage,
      agent: `${vantage}-80`,
      batch: batch(),
      row: 0,
      target: "::ffff:198.18.0.1",
      port: 80,
      variant: "v1",
      verdict,
      received_at: `2026-01-01 00:00:0${at}.000000`,
    });
    const announced = { join: "join-accepted", no_join: 1, addresses: ["192.0.2.9 id 2"] };
    await test.store.insertRows("handshakes", [
      { ...shake("fra", "dss-proved", 2), ...announced },
      { ...shake("fra", "dss-proved", 3), ...announced, variant: "v0", join: "", no_join: 0, addresses: [] },
      shake("fra", "unconfirmed", 1),
      { ...shake("sin", "join-reset", 1), after: "dss-stripped" },
    ]);
    const build = async () => {
      await buildViews(test.store, { campaign: "compared", everywhere: ["fra", "sin"], variants: ["v1", "plain"] });
      await buildJudgements(test.store, "compared");
      return readComparison(test.store, { campaign: "compared" });
    };
    const first = await build();
    expect(first).toMatchObject({
      vantages: ["fra", "sin"],
      targets: 2,
      disagreements: [
        {
          target: "198.18.0.1",
          port: 80,
          hostVerdict: "mptcp",
          hostRule: "proved",
          placement: "near-source",
          placementRule: "at-the-start",
          ruleVersion: RULE_VERSION,
          views: { fra: "claims-v1", sin: "plain" },
          changes: [
            {
              vantage: "sin",
              after: "198.51.100.1",
              afterTtl: 1,
              before: "198.51.100.2",
              beforeTtl: 2,
              pathLength: 4,
              mss: null,
              traces: 1,
              openHops: 0,
              confidence: 0.5,
              fingerprints: ["pan-os"],
            },
          ],
        },
      ],
      handshakes: [
        { vantage: "fra", variant: "v0", verdict: "dss-proved", targets: 1 },
        { vantage: "fra", variant: "v1", verdict: "dss-proved", targets: 1 },
        { vantage: "sin", variant: "v1", verdict: "join-reset", targets: 1 },
      ],
      middleboxes: [
        {
          condition: "tcp.option.mptcp.removed",
          after: "198.51.100.1",
          before: "198.51.100.2",
          targets: 1,
          confidence: 0.5,
          fingerprints: ["pan-os"],
        },
      ],
    });
    expect(await build()).toEqual(first);
    const [explanation, ...others] = await readExplanations(test.store, "compared", "198.18.0.1");
    expect(others).toEqual([]);
    expect(explanation).toMatchObject({ hostVerdict: "mptcp", evidence: [{ vantage: "fra" }, { vantage: "sin" }] });
    expect(explanation?.why.host).toMatchObject({
      rule: "proved",
      witnesses: [
        { vantage: "fra", variant: "v0" },
        { vantage: "fra", variant: "v1" },
        { vantage: "sin", variant: "v1" },
      ],
    });
    expect(explanation?.evidence[1]?.traces[0]?.hops.map((each) => each.changes)).toEqual([[], removed, removed, []]);
    // The last handshake in each version, v0 first.
    const none = { after: "", join: "", noJoin: false, addresses: [] };
    expect(explanation?.evidence.map((each) => each.handshakes)).toEqual([
      [
        { ...none, variant: "v0", verdict: "dss-proved" },
        {
          variant: "v1",
          verdict: "dss-proved",
          after: "",
          join: "join-accepted",
          noJoin: true,
          addresses: ["192.0.2.9 id 2"],
        },
      ],
      [{ ...none, variant: "v1", verdict: "join-reset", after: "dss-stripped" }],
    ]);
  });
});

describe("the evidence of a target that was traced", () => {
  const hop = (port: number, ttl: number, responder: string) => ({
    campaign: "proxied",
    vantage: "fra",
    agent: "fra-80",
    batch: batch(),
    row: 0,
    target: "::ffff:198.18.0.1",
    port,
    variant: "plain",
    ttl,
    kind: "time-exceeded",
    responder: mapped(responder),
    received_at: "2026-01-01 00:00:00.000000",
    rtt_us: ttl * 1000,
    reply_ttl: 65 - ttl,
    mptcp: "unmodified",
  });
  // From the IP header on: 24 bytes of TCP, MSS 1380.
  const clamped = Buffer.from("4500002c00000000010600000102030401020304", "hex")
    .toString("latin1")
    .concat(
      Buffer.from("77770050000000010000000060024000000000000204", "hex").toString("latin1"),
      Buffer.from("0564", "hex").toString("latin1"),
    );

  it("has the scan's SYN/ACKs, the way on another port and a new segment size", async () => {
    await insertReplies("proxied", [
      { target: "198.18.0.1", variant: "plain", verdict: "plain" },
      { target: "198.18.0.1", port: 443, variant: "plain", verdict: "plain" },
    ]);
    const [reply] = await read("SELECT * FROM syn_replies WHERE campaign = 'proxied' AND port = 80 LIMIT 1");
    const synAck = { tcp_flags: 18, ttl: 63, window: 0, options: "\u0002\u0004\u0005\u0064" };
    await test.store.insertRows("syn_replies", [
      { ...reply, batch: batch(), ...synAck, received_at: "2026-01-01 00:01:00.000000" },
    ]);
    await test.store.insertRows("trace_hops", [
      { ...hop(80, 1, "192.0.2.1"), changes: ["tcp.option.mss.changed"], quote: clamped },
      { ...hop(80, 2, "198.18.0.1"), kind: "synack", verdict: "plain", mptcp: "unobservable" },
      hop(443, 1, "192.0.2.1"),
      hop(443, 2, "192.0.2.2"),
    ]);
    await buildViews(test.store, { campaign: "proxied", everywhere: [], variants: ["plain"] });
    await buildJudgements(test.store, "proxied");
    const explanations = await readExplanations(test.store, "proxied", "198.18.0.1");
    const web = explanations.find(({ port }) => port === 80);
    expect(web?.evidence).toMatchObject([
      {
        synAcks: [{ variant: "plain", replyTtl: 63, window: 0, optionKinds: [2] }],
        otherPorts: [{ port: 443, hops: [{ ttl: 1 }, { ttl: 2, kind: "time-exceeded", responder: "192.0.2.2" }] }],
        traces: [{ variant: "plain", hops: [{ rttUs: 1000, replyTtl: 64, quotedMss: 1380 }, { kind: "synack" }] }],
      },
    ]);
    expect(web?.changes.map(({ condition, mss, fingerprints }) => [condition, mss, fingerprints])).toEqual([
      ["tcp.option.mss.changed", 1380, ["cisco-asa"]],
      ["tcp.synack.proxied", null, ["linux-synproxy"]],
    ]);
  });
});

describe("the campaign's store", () => {
  const spec = parseCampaign(
    "series: s\ntargets: { ipv4: [198.18.0.0/24] }\nports: [80, 443]\nplacement: { recheck: {} }\n",
  );
  const record: CampaignRecord = {
    id: "lists",
    series: "s",
    paused: false,
    specText: "",
    spec,
    state: "running",
    step: null,
    createdAtMs: 0,
    startedAtMs: null,
    finishedAtMs: null,
    secret: new Uint8Array(16),
    permutationKey: new Uint8Array(16),
    ranges: [],
    addresses6: 1,
    vantages: ["fra", "sin"],
    sources: [],
    notes: [],
    error: "",
    coordinatorVersion: "0",
    optOuts: { revision: 0, hash: "" },
    rangesHash: "",
  };
  const source = (id: string, family: "v4" | "v6", vantage: string): SourceRecord => ({
    id,
    pass: "recheck",
    family,
    ports: [80],
    selector: "",
    vantage,
    order: id,
    list: id,
    size: 0,
    rounds: [],
    skipped: 0,
  });
  const targetsOf = async (list: string, size: number) => {
    const found = await createCampaignStore(test.store).listTargets("lists", list, 0, size);
    return found.map(({ address, port }) => `${formatAddress(address)} ${port}`).sort();
  };

  it("freezes what the other vantage points must look at again, numbered from 0, the same each time", async () => {
    const claim = { variant: "v1", verdict: "claims-v1" } as const;
    await insertReplies("lists", [
      { target: "198.18.0.1", vantage: "fra", ...claim },
      { target: "198.18.0.2", vantage: "sin", ...claim },
      { target: "2001:db8::2", vantage: "sin", ...claim },
      { target: "198.18.0.3", vantage: "sin", variant: "plain", verdict: "rst" },
      { target: "198.18.0.4", vantage: "sin", port: 443, ...claim },
    ]);
    const store = createCampaignStore(test.store);
    const request = {
      sources: [
        source("recheck/v4/80/fra", "v4", "fra"),
        source("recheck/v6/80/fra", "v6", "fra"),
        source("recheck/v4/80/sin", "v4", "sin"),
      ],
      verdicts: ["claims-v1"] as const,
      sample: null,
    };
    const sizes = [
      { source: "recheck/v4/80/fra", size: 1 },
      { source: "recheck/v6/80/fra", size: 1 },
      { source: "recheck/v4/80/sin", size: 1 },
    ];
    expect(await store.freezeRecheckList(record, request)).toEqual(sizes);
    expect(await store.freezeRecheckList(record, request)).toEqual(sizes);
    expect(await targetsOf("recheck/v4/80/fra", 10)).toEqual(["198.18.0.2 80"]);
    expect(await targetsOf("recheck/v6/80/fra", 10)).toEqual(["2001:db8::2 80"]);
    expect(await targetsOf("recheck/v4/80/sin", 10)).toEqual(["198.18.0.1 80"]);
  });

  it("lets vantage points verify what they have asked themselves, each beginning elsewhere on one round", async () => {
    // Hosts enough for the order to show; .10 was not asked from sin.
    const hosts = Array.from({ length: 64 }, (_, i) => `198.18.1.${i}`);
    const replies = hosts.flatMap((target, i) => [
      { target, vantage: "fra", variant: "v1", verdict: i % 2 === 0 ? "claims-v1" : "plain" } as const,
      ...(i === 10 ? [] : [{ target, vantage: "sin", variant: "v1", verdict: "plain" } as const]),
    ]);
    const campaign = "verified";
    await insertReplies(campaign, [
      ...replies,
      { target: "198.18.1.10", port: 443, variant: "v1", verdict: "claims-v1" },
    ]);
    const store = createCampaignStore(test.store);
    const listOf = async (list: string) =>
      (await store.listTargets(campaign, list, 0, 100)).map(({ address }) => formatAddress(address));
    const sources = [source("verify/v4/80/fra", "v4", "fra"), source("verify/v4/80/sin", "v4", "sin")];
    const request = { sources, verdicts: ["claims-v1"] as const };
    const sizes = await store.freezeVerifyList({ ...record, id: campaign }, request);

    expect(sizes.map(({ size }) => size)).toEqual([32, 31]);
    const [fra, sin] = [await listOf("verify/v4/80/fra"), await listOf("verify/v4/80/sin")];
    expect([...fra].sort()).toEqual(hosts.filter((_, i) => i % 2 === 0).sort());
    // The same round of hosts, begun about half of it later.
    const offset = fra.indexOf(sin[0] ?? "");
    const round = [...fra.slice(offset), ...fra.slice(0, offset)];
    expect(sin).toEqual(round.filter((host) => host !== "198.18.1.10"));
    expect(Math.abs(offset - 16)).toBeLessThan(10);
    expect(await store.freezeVerifyList({ ...record, id: campaign }, request)).toEqual(sizes);
    expect(await listOf("verify/v4/80/fra")).toEqual(fra);
  });

  it("times hosts in rounds: each list has all of them, and in no round are two lists with the same", async () => {
    const hosts = Array.from({ length: 64 }, (_, i) => `198.18.2.${i}`);
    const campaign = "timed";
    await insertReplies(
      campaign,
      [...hosts, "198.18.3.1"].flatMap((target) =>
        [80, 443].map((port) => {
          const verdict = target === "198.18.3.1" ? "plain" : "claims-v1";
          return { target, port, vantage: "fra", variant: "v1", verdict } as const;
        }),
      ),
    );
    const timed = (id: string, vantage: string, port: number): SourceRecord => ({
      ...source(id, "v4", vantage),
      ...{ pass: "timing", ports: [port] },
    });
    const sources = [
      timed("timing/v4/80/fra", "fra", 80),
      timed("timing/v4/80/sin", "sin", 80),
      timed("timing/v4/443/fra", "fra", 443),
    ];
    const store = createCampaignStore(test.store);
    const request = { sources, verdicts: ["mptcp"] as const };
    const sizes = await store.freezeTimingList({ ...record, id: campaign }, request);
    expect(sizes.map(({ size }) => size)).toEqual([64, 64, 64]);

    const seen = [0, 1, 2].map(() => new Set<string>());
    for (const { source: list, rounds = [] } of sizes) {
      expect(rounds).toHaveLength(3);
      expect(rounds.at(-1)).toBe(64);
      const listed = (await store.listTargets(campaign, list, 0, 100)).map(({ address }) => formatAddress(address));
      expect([...listed].sort()).toEqual([...hosts].sort());
      for (const [round, end] of rounds.entries()) {
        const part = listed.slice(rounds[round - 1] ?? 0, end);
        expect(part.length).toBeGreaterThan(10);
        for (const host of part) {
          expect(seen[round]?.has(host)).toBe(false);
          seen[round]?.add(host);
        }
      }
    }
    // After all rounds every list has gone through all parts.
    expect(seen.map(({ size }) => size)).toEqual([64, 64, 64]);
    expect(await store.freezeTimingList({ ...record, id: campaign }, request)).toEqual(sizes);
  });

  it("takes everything into a sample of all", async () => {
    const all = { numerator: 1, denominator: 1 };
    const sources = [source("recheck/v4/80/nyc", "v4", "nyc")];
    const store = createCampaignStore(test.store);
    expect(await store.freezeRecheckList(record, { sources, verdicts: [], sample: all })).toEqual([
      { source: "recheck/v4/80/nyc", size: 3 },
    ]);
    expect(await targetsOf("recheck/v4/80/nyc", 10)).toEqual(["198.18.0.1 80", "198.18.0.2 80", "198.18.0.3 80"]);
  });
});
