import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { CampaignProgress } from "../../../coordinator/campaign/progress.js";
import { type InstalledFleet, startInstalledFleet } from "../fleet/installed-fleet.js";
import { addressNumber, type Capture, type CapturedProbe, startCapture } from "./capture.js";

/** One whose own file allows less than the campaigns together. */
const FLEET = [
  { name: "fra-80", packetsPerSecond: 300 },
  { name: "nyc-80", packetsPerSecond: 5_000 },
  { name: "sin-80", packetsPerSecond: 5_000 },
] as const;
const STAGES = "stages: { synscan: { mptcp: [v1], control: true, retries: 1, replyWindowMs: 300 } }";

/** Campaigns at the same time, each with a budget of another kind. */
const PER_AGENT = 200;
const TOTAL = 600;
const PER_PREFIX = 90;
const CAMPAIGNS = [
  { name: "per-agent", prefix: "198.18.16.0/22", rate: `perAgentPps: ${PER_AGENT}` },
  { name: "total", prefix: "198.18.32.0/22", rate: `perAgentPps: 1000, total: ${TOTAL}` },
  { name: "per-prefix", prefix: "198.18.0.0/22", rate: `perPrefix: { v4: /24, pps: ${PER_PREFIX} }` },
] as const;

const OPTED_OUT = "198.18.128.0/18";
const OPTED_OUT_WITHIN_MS = 60_000;

describe("what a fleet sends, as it is captured behind its agents", () => {
  const folder = mkdtempSync(join(tmpdir(), "pxr-"));
  let fleet: InstalledFleet;
  let capture: Capture;
  beforeAll(async () => {
    fleet = await startInstalledFleet(folder);
    await fleet.install(FLEET);
  }, 180_000);
  afterAll(async () => {
    await fleet?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function begin(name: string, prefix: string, rate: string): string {
    const file = join(folder, `${name}.yaml`);
    writeFileSync(file, `series: ${name}\ntargets: { ipv4: [${prefix}] }\nports: [80]\n${STAGES}\nrate: { ${rate} }\n`);
    return fleet.coordinator.ask<CampaignProgress>("campaign", "create", file, "--start").id;
  }
  async function captured(during: () => Promise<void>): Promise<CapturedProbe[]> {
    const machines = FLEET.map(({ name }) => fleet.machine(name));
    capture = await startCapture(fleet.lab, machines, "198.18.0.0/16", folder);
    await during();
    return capture.finish();
  }

  it("is no more in any second than a campaign's rate for each agent, its total, a prefix's budget over all agents, and the agent's own cap", async () => {
    const probes = await captured(async () => {
      const ids = CAMPAIGNS.map(({ name, prefix, rate }) => begin(name, prefix, rate));
      const isOver = () => ids.every((id) => fleet.progress(id).state === "finished");
      await fleet.until("the campaigns are over", 120_000, isOver);
    });
    const of = (campaign: (typeof CAMPAIGNS)[number]["name"]): CapturedProbe[] => {
      const { prefix = "" } = CAMPAIGNS.find(({ name }) => name === campaign) ?? {};
      return probes.filter(({ target }) => isIn(target, prefix));
    };
    const mostOfEach = (some: readonly CapturedProbe[], group: (probe: CapturedProbe) => string | number) =>
      Math.max(...[...groupBy(some, group).values()].map(mostInASecond));
    const byAgent = ({ agent }: CapturedProbe) => agent;
    const figures = [
      ["an agent's rate in a campaign", mostOfEach(of("per-agent"), byAgent), PER_AGENT],
      ["a campaign's total", mostInASecond(of("total")), TOTAL],
      ["a prefix's budget", mostOfEach(of("per-prefix"), ({ target }) => target >>> 8), PER_PREFIX],
      ["an agent's own cap", mostInASecond(probes.filter(({ agent }) => agent === "fra-80")), 300],
    ] as const;
    process.stderr.write(
      `most packets in any second of ${probes.length}: ${figures.map(([what, most, limit]) => `${most} of ${limit} (${what})`).join(", ")}\n`,
    );
    for (const [what, most, limit] of figures) {
      expect({ what, isKept: most <= limit }).toEqual({ what, isKept: true });
      // It was the limit that bound.
      expect({ what, isUsed: most >= 0.7 * limit }).toEqual({ what, isUsed: true });
    }
    const sharedPrefixes = [...groupBy(of("per-prefix"), ({ target }) => target >>> 8).values()];
    for (const some of sharedPrefixes) expect(new Set(some.map(byAgent)).size).toBeGreaterThan(1);
  }, 180_000);

  it("goes to nobody any more who has opted out while a campaign runs, within 60 s", async () => {
    let [askedAtMs, saidAtMs] = [0, 0];
    const probes = await captured(async () => {
      const id = begin("opt-out", "198.18.128.0/17", "perAgentPps: 1500");
      const { until, progress, coordinator } = fleet;
      await until("the campaign is under way", 30_000, () => progress(id).marks.sent > 3_000);
      askedAtMs = Date.now();
      const words = ["--reason", "mail of the owner", "--contact", "noc@example.net"];
      const said = await coordinator.askWhileServing<{ holding: string[] }>("optout", "add", OPTED_OUT, ...words);
      saidAtMs = Date.now();
      expect(said.holding).toEqual(FLEET.map(({ name }) => name));
      const { sent } = progress(id).marks;
      await until("it goes on", 30_000, () => progress(id).marks.sent > sent + 6_000);
      coordinator.ask("campaign", "cancel", id);
    });
    const toThem = probes.filter(({ target }) => isIn(target, OPTED_OUT));
    const last = Math.max(...toThem.map(({ atMs }) => atMs));
    const after = probes.filter(({ atMs }) => atMs > saidAtMs);
    process.stderr.write(
      `opted out in mid-campaign: the last of ${toThem.length} packets ${((last - askedAtMs) / 1_000).toFixed(2)} s after it was asked, ` +
        `in force at all agents after ${((saidAtMs - askedAtMs) / 1_000).toFixed(2)} s, ${after.length} packets to others since\n`,
    );
    expect(toThem.filter(({ atMs }) => atMs < askedAtMs).length).toBeGreaterThan(0);
    expect(saidAtMs - askedAtMs).toBeLessThan(OPTED_OUT_WITHIN_MS);
    expect(after.filter(({ target }) => isIn(target, OPTED_OUT))).toEqual([]);
    for (const { name } of FLEET) expect(after.filter(({ agent }) => agent === name).length).toBeGreaterThan(100);
  }, 120_000);
});

/** The most probes, in order of time, in any second. */
function mostInASecond(probes: readonly CapturedProbe[]): number {
  let most = 0;
  let first = 0;
  for (const [i, { atMs }] of probes.entries()) {
    while (atMs - (probes[first]?.atMs ?? 0) >= 1_000) first++;
    most = Math.max(most, i - first + 1);
  }
  return most;
}

function isIn(target: number, prefix: string): boolean {
  const [address = "", length] = prefix.split("/");
  return Math.floor((target - addressNumber(address)) / 2 ** (32 - Number(length))) === 0;
}

function groupBy(probes: readonly CapturedProbe[], key: (probe: CapturedProbe) => string | number) {
  const groups = new Map<string | number, CapturedProbe[]>();
  for (const probe of probes) {
    const group = groups.get(key(probe)) ?? [];
    groups.set(key(probe), group);
    group.push(probe);
  }
  return groups;
}
