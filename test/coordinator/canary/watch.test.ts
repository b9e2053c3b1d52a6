import { beforeEach, describe, expect, it } from "@jest/globals";
import type { SourceRecord } from "../../../coordinator/campaign/record.js";
import { parseCampaign } from "../../../coordinator/campaign/spec.js";
import { readCanaries } from "../../../coordinator/canary/read.js";
import { canarySources } from "../../../coordinator/canary/sources.js";
import { type CanaryWatch, createCanaryWatch } from "../../../coordinator/canary/watch.js";
import { canaryTable } from "../../../coordinator/cli/canaries.js";
import type { CoverageInterval } from "../../../coordinator/lease/state.js";
import { VARIANTS, type Variant } from "../../../shared/probe/variant.js";
import type { SynVerdict } from "../../../shared/verdict/names.js";
import { type MemoryAlarms, memoryAlarms } from "../alarm/memory-alarms.js";
import { type MemoryCanaryStore, memoryCanaryStore } from "./memory-store.js";

const spec = parseCampaign(`
series: s
targets: { ipv4: [198.18.0.0/24] }
ports: [80]
canaries:
  - { target: 198.18.1.1, port: 80, expect: claims-v1 }
  - { target: 198.18.1.2, port: 80 }
`);
const campaign = { id: "c1", spec, vantages: ["fra", "sin"] };
const [source] = canarySources(spec) as [SourceRecord];

type Replies = Partial<Record<Variant, SynVerdict>>;
const LINUX: Replies = { v0: "plain", v1: "claims-v1", plain: "plain", "unknown-option": "plain" };
const PLAIN: Replies = { v0: "plain", v1: "plain", plain: "plain", "unknown-option": "plain" };

let store: MemoryCanaryStore;
let memory: MemoryAlarms;
let watch: CanaryWatch;
let next: number;

beforeEach(async () => {
  store = memoryCanaryStore();
  memory = await memoryAlarms();
  watch = createCanaryWatch({ campaign, store: store.store, alarms: memory.alarms, hasOptedOut: () => false });
  next = 0;
});

/** A round that an agent has asked: what the two canaries said. */
function round(epoch: number, first: Replies, second: Replies, agent = "fra-1", vantage = "fra"): CoverageInterval {
  for (const [i, replies] of [first, second].entries()) {
    for (const variant of VARIANTS) {
      const verdict = replies[variant];
      if (verdict !== undefined) store.replies.push({ vantage, agent, index: next + i, variant, verdict });
    }
  }
  next += 2;
  return { kind: "asked", from: next - 2, to: next, vantage, agent, epoch, reason: "" };
}
const openAlarms = () =>
  memory.alarms.open().map(({ agent, target, answer, expected }) => ({ agent, target, answer, expected }));

describe("a canary", () => {
  it("raises an alarm at the agent that hears something else, and clears it when it is right again", async () => {
    await watch.take(source, [round(100, LINUX, PLAIN), round(101, LINUX, PLAIN, "sin-1", "sin")]);
    expect(openAlarms()).toEqual([]);
    await watch.take(source, [round(200, PLAIN, PLAIN), round(201, LINUX, PLAIN, "sin-1", "sin")]);

    expect(openAlarms()).toEqual([{ agent: "fra-1", target: "198.18.1.1", answer: "plain", expected: "claims-v1" }]);
    await watch.take(source, [round(300, LINUX, PLAIN)]);
    expect(openAlarms()).toEqual([]);
    expect([...memory.rows.values()]).toMatchObject([
      { kind: "canary", campaign: "c1", sinceMs: 200, lastMs: 200, clearedMs: 300, clearedBy: "right again" },
    ]);
  });

  it("raises one when it is silent: what was asked and has no row was not answered", async () => {
    await watch.take(source, [round(100, {}, {})]);

    expect(openAlarms()).toEqual([{ agent: "fra-1", target: "198.18.1.1", answer: "no-reply", expected: "claims-v1" }]);
  });

  it("without an expectation must go on saying what it said to its vantage point first, to any agent there", async () => {
    await watch.take(source, [round(100, LINUX, LINUX), round(101, LINUX, PLAIN, "sin-1", "sin")]);
    await watch.take(source, [round(200, LINUX, PLAIN, "fra-2"), round(201, LINUX, PLAIN, "sin-2", "sin")]);

    expect(openAlarms()).toEqual([
      {
        agent: "fra-2",
        target: "198.18.1.2",
        answer: "v0=plain v1=plain plain=plain unknown-option=plain",
        expected: "v0=plain v1=claims-v1 plain=plain unknown-option=plain",
      },
    ]);
  });

  it("is asked for by its own rows alone: another agent's reply to the same index counts for that agent", async () => {
    const asked = round(100, LINUX, PLAIN);
    await watch.take(source, [{ ...asked, agent: "fra-2" }]);

    expect(openAlarms()).toMatchObject([{ agent: "fra-2", target: "198.18.1.1", answer: "no-reply" }]);
    expect(store.requests).toEqual([
      { campaign: "c1", source: "canary/v4/80", targets: spec.canaries, from: 0, to: 2 },
    ]);
  });

  it("is judged once, although a crash has its round told again, and never by an older round", async () => {
    const asked = [round(100, LINUX, PLAIN), round(200, PLAIN, PLAIN)];
    store.failing = true;
    await expect(watch.take(source, asked)).rejects.toThrow("the warehouse does not answer");
    store.failing = false;
    const before = [...memory.rows.values()];
    for (let i = 0; i < 2; i++) {
      await createCanaryWatch({ campaign, store: store.store, alarms: memory.alarms, hasOptedOut: () => false }).take(
        source,
        asked,
      );
    }

    expect([...memory.rows.values()]).toEqual(before);
    expect(memory.alarms.open()).toMatchObject([{ sinceMs: 200, lastMs: 200 }]);
    expect(memory.lines).toHaveLength(1);
    const all = [...asked, round(300, LINUX, PLAIN)];
    for (let i = 0; i < 2; i++) {
      await createCanaryWatch({ campaign, store: store.store, alarms: memory.alarms, hasOptedOut: () => false }).take(
        source,
        all,
      );
    }
    expect(memory.lines.map(({ msg }) => msg)).toEqual(["alarm raised", "alarm cleared"]);
    expect([...store.views.values()].map(({ askedAtMs }) => askedAtMs)).toEqual([300, 300]);
  });
});

describe("the list of canaries", () => {
  it("has each of them at each vantage point, with what it should say, what it said, when, and its alarm", async () => {
    const atMs = Date.UTC(2026, 0, 2, 3, 4, 5);
    await watch.take(source, [round(atMs, LINUX, PLAIN), round(atMs + 60_000, {}, PLAIN)]);

    expect(canaryTable(await readCanaries(store.store, campaign)).split("\n")).toEqual([
      expect.stringMatching(/^ {2}vantage {2}agent {2}canary +port {2}expected +last answer +when \(UTC\) +alarm$/),
      expect.stringMatching(
        /^ {2}fra .*198.18.1.1 .* claims-v1 +no-reply +2026-01-02 03:05:05 {2}since 2026-01-02 03:05:05$/,
      ),
      expect.stringMatching(/^ {2}fra .*198.18.1.2 .* v0=plain .* {2}2026-01-02 03:05:05 {2}-$/),
      expect.stringMatching(/^ {2}sin {6}- .*198.18.1.1 .* claims-v1 +not asked yet +- +-$/),
      expect.stringMatching(/^ {2}sin {6}- .*198.18.1.2 .* its first answer +not asked yet +- +-$/),
    ]);
  });

  it("is refused for a campaign that has none", async () => {
    const none = { ...campaign, spec: { ...spec, canaries: [] } };
    await expect(readCanaries(store.store, none)).rejects.toThrow("campaign c1 has no canaries");
  });
});
