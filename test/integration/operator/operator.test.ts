import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { AgentReport } from "../../../coordinator/alarm/report.js";
import type { CampaignPlan } from "../../../coordinator/campaign/estimate.js";
import type { CampaignProgress } from "../../../coordinator/campaign/progress.js";
import type { CertificateReport } from "../../../coordinator/certificate/verify.js";
import type { CampaignDiff } from "../../../coordinator/compare/diff.js";
import type { SeriesRecord } from "../../../coordinator/series/record.js";
import { startSystem, type TestSystem } from "../support/system.js";

jest.setTimeout(180_000);

const campaign = (targets: string, pps: number, more = ""): string => `
series: steering
targets: { ipv4: [${targets}], exclude: [198.18.0.0/28] }
ports: [80]
stages: { synscan: { retries: 0, replyWindowMs: 200, mptcp: [v1], control: true } }
rate: { perAgentPps: ${pps} }
${more}`;

let system: TestSystem;
let first: string;

beforeAll(async () => {
  system = await startSystem();
  for (const vantage of ["fra", "sin"]) await system.startAgent(`${vantage}-1`, vantage);
  await agents((all) => all.length === 2);
}, 60_000);
afterAll(() => system.stop());

const agents = (isSo: (all: AgentReport[]) => boolean) =>
  system.until(() => system.api<AgentReport[]>("/v1/agents"), isSo);
const progress = (id: string) => system.api<CampaignProgress>(`/v1/campaigns/${id}`);
const ended = (id: string) =>
  system.until(
    () => progress(id),
    ({ state }) => state !== "created" && state !== "running",
  );

function file(name: string, text: string): string {
  const path = join(system.folder, name);
  writeFileSync(path, text);
  return path;
}
async function begin(text: string): Promise<string> {
  const { id } = await system.api<CampaignProgress>("/v1/campaigns", { text });
  await system.api(`/v1/campaigns/${id}/start`, {});
  return id;
}

describe("a plan", () => {
  it("says what a campaign would come to, who would take part and what is left out, and makes nothing", async () => {
    const path = file("plan.yaml", campaign("198.18.0.0/22", 1_000));
    const plan = await system.json<CampaignPlan>("campaign", "plan", path);
    expect(plan).toMatchObject({
      targets: [{ ports: [80], family: "v4", targets: 1_008 }],
      packets: 1_008 * 3,
      leftOut: [{ why: "targets.exclude and canaries", addresses: 16 }],
      problems: [],
    });
    expect(plan.agents.map(({ agent, packetsPerSecond, packets }) => [agent, packetsPerSecond, packets])).toEqual([
      ["fra-1", 1_000, 1_512],
      ["sin-1", 1_000, 1_512],
    ]);
    expect(plan.hours * 3_600).toBeCloseTo((1_008 * 3) / 2_000);
    const nobody = file("nobody.yaml", campaign("9.9.9.0/24", 1_000, "placement: { vantages: web = 443 }"));
    expect(await system.parallax("campaign", "plan", nobody)).toContain("PROBLEM: no connected agent matches");
    expect(await system.json("campaign", "list")).toEqual([]);
  });
});

describe("a campaign that is steered", () => {
  it("is paused, resumed and finished, and its certificate says that every index was asked", async () => {
    first = await begin(campaign("198.18.0.0/22", 200));
    expect(await system.parallax("campaign", "pause", first)).toMatch(/ is paused at \d+ of 1008 targets of synscan;/);
    expect((await system.run("campaign", "certificate", first)).stderr).toContain("is running");
    expect(await system.parallax("campaign", "resume", first)).toMatch(/ goes on with synscan, \d+ targets left\n/);
    await ended(first);
    const out = join(system.folder, "first.json");
    await system.until(
      () => system.run("campaign", "certificate", first, "--out", out),
      ({ code }) => code === 0,
    );
    const report = await system.json<CertificateReport>("campaign", "verify", out);
    expect(report).toMatchObject({
      state: "finished",
      problems: [],
      sources: [{ id: "synscan/v4/80", size: 1_008, counts: { asked: 1_008, skipped: 0, uncertain: 0, notAsked: 0 } }],
    });
    const text = readFileSync(out, "utf8");
    const [{ n } = { n: 0 }] = await system.query(
      `SELECT count() AS n FROM syn_replies FINAL WHERE campaign = '${first}'`,
    );
    expect(JSON.parse(text).manifest).toMatchObject({
      rows: { syn_replies: n },
      versions: { agents: { "fra-1": "0.1.0", "sin-1": "0.1.0" } },
    });
    const csv = join(system.folder, "first.csv");
    await system.parallax("export", first, "--format", "zmap-csv", "--out", csv);
    expect(readFileSync(csv, "utf8").split("\n")).toHaveLength(Number(n) + 2);
    const [metadata = ""] = (await system.parallax("export", first, "--format", "pto-ndjson")).split("\n");
    expect(JSON.parse(metadata)).toMatchObject({ campaign: first, series: "steering", _file_type: "obs" });
    const tampered = file("tampered.json", text.replace('"asked": 1008', '"asked": 1009'));
    const { code, stdout, stderr } = await system.run("campaign", "verify", tampered);
    expect([code, stderr.split("\n").length]).toEqual([1, 2]);
    expect(stdout).toContain("WRONG: the signature is not of this content");
    expect((await system.run("campaign", "verify", file("not.json", "{}"))).code).toBe(2);
  });

  it("is cancelled, and its certificate says what was not asked", async () => {
    const id = await begin(campaign("198.18.0.0/18", 600));
    await system.until(
      () => progress(id),
      ({ marks }) => marks.committed > 0,
    );
    expect(await system.parallax("campaign", "cancel", id)).toMatch(
      / is cancelled in synscan: \d+ of 16368 targets are in the tables; /,
    );
    const out = join(system.folder, "cancelled.json");
    await system.until(
      () => system.run("campaign", "certificate", id, "--out", out),
      ({ code }) => code === 0,
    );
    const { state, sources, problems } = await system.json<CertificateReport>("campaign", "verify", out);
    const [source] = sources;
    if (source === undefined) throw new Error("no source");
    const { asked, uncertain, notAsked, skipped } = source.counts;
    expect([state, problems, asked + uncertain + notAsked + skipped]).toEqual(["cancelled", [], 16_368]);
    expect(asked).toBeGreaterThan(0);
    expect(notAsked).toBeGreaterThan(0);
    expect(JSON.parse(readFileSync(out, "utf8")).sources[0].pieces).toContainEqual(
      expect.objectContaining({ kind: "not-asked", reason: "campaign cancelled" }),
    );
  });
});

describe("a series on a real coordinator", () => {
  it("runs campaigns with keys of their own, and is there after the coordinator was killed", async () => {
    const path = file(
      "series.yaml",
      campaign("198.18.0.0/22", 5_000, 'schedule: { cron: "0 3 * * 1", timeZone: Europe/Berlin }'),
    );
    expect(await system.parallax("series", "create", path)).toMatch(
      /^steering: the next run is at \d{4}-\d\d-\d\d 0[12]:00:00 UTC\n$/,
    );
    const run = async (): Promise<string> => {
      const { lastRun } = await system.json<SeriesRecord>("series", "run-now", "steering");
      await ended(lastRun?.campaign ?? "");
      return lastRun?.campaign ?? "";
    };
    const runs = [await run(), await run()];
    const records = await system.query(`SELECT record FROM campaigns FINAL WHERE id IN ('${runs.join("','")}')`);
    const keys = records.map(({ record }) => JSON.parse(String(record)) as { secret: string; permutationKey: string });
    expect(new Set(keys.flatMap(({ secret, permutationKey }) => [secret, permutationKey])).size).toBe(4);
    await system.killCoordinator();
    await system.startCoordinator();
    await agents((all) => all.filter(({ state }) => state === "connected").length === 2);
    expect(await system.json<SeriesRecord[]>("series", "list")).toMatchObject([
      { name: "steering", lastRun: { campaign: runs[1] } },
    ]);
    await system.parallax("series", "remove", "steering");
    expect(await system.parallax("series", "list")).toBe("no series yet\n");
  });
});

describe("two campaigns", () => {
  it("differ by what changed between them, target by target", async () => {
    const second = await begin(campaign("198.18.2.0/23", 5_000));
    await ended(second);
    const diff = await system.json<CampaignDiff>("campaign", "diff", first, second);
    expect(diff).toMatchObject({ targets: { before: 1_008, after: 512, both: 512 }, gained: 0, lost: 0 });
    expect(diff.hosts).toMatchObject([{ before: "not-capable", after: "", count: 496 }]);
    expect(diff.hosts[0]?.examples[0]).toEqual({ target: "198.18.0.16", port: 80 });
    const views = diff.views.filter(({ after }) => after === "").reduce((sum, { count }) => sum + count, 0);
    const [{ n } = { n: 0 }] = await system.query(`
      SELECT count() AS n FROM target_views FINAL WHERE campaign = '${first}' AND (port, target, vantage) NOT IN
        (SELECT port, target, vantage FROM target_views WHERE campaign = '${second}')`);
    expect(views).toBe(n);
    expect(await system.parallax("campaign", "diff", first, second)).toContain("MPTCP: 0 gained, 0 lost");
    expect((await system.run("campaign", "diff", first, "nix")).code).toBe(2);
  });
});

describe("an agent that is drained", () => {
  it("gets no more work, finishes what it has, and says when it is safe to upgrade", async () => {
    const id = await begin(campaign("198.18.0.0/16", 600));
    await system.until(
      () => progress(id),
      ({ sources }) => sources[0]?.agents.length === 2,
    );
    expect(await system.parallax("agents", "drain", "fra-1")).toBe(
      "fra-1 is drained: safe to upgrade; give it work again with: parallax agents resume fra-1\n",
    );
    const sent = system.sent.length;
    await system.until(
      async () => system.sent.length,
      (now) => now > sent + 300,
    );
    expect(new Set(system.sent.slice(sent).map(({ vantage }) => vantage))).toEqual(new Set(["sin"]));
    expect(await system.parallax("agents")).toMatch(/fra-1 +fra +connected, drained/);
    expect(await system.parallax("agents", "resume", "fra-1")).toBe("fra-1 gets work again\n");
    await system.until(
      () => progress(id),
      ({ sources }) => sources[0]?.agents.includes("fra-1") === true,
    );
    await system.parallax("campaign", "cancel", id);
    expect((await system.run("agents", "drain", "nobody")).stderr).toContain('no agent "nobody"');
  });
});
