import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { CertificateReport } from "../../../coordinator/certificate/verify.js";
import { addressNumber, type Capture, type CapturedProbe, startCapture } from "../promises/capture.js";
import { type InstalledFleet, startInstalledFleet } from "./installed-fleet.js";
import { type Interval, takeoverOf } from "./takeover.js";

/** Three machines share port 80, one has port 443. */
const FLEET = ["fra-80", "nyc-80", "sin-80", "fra-443"] as const;
const FROZEN = "fra-80";
const KILLED = "sin-80";
const SURVIVOR = "nyc-80";
const HOSTS = 65_536;
const PACKETS_PER_SECOND = 1_500;
const FROZEN_MS = 60_000;

const REPLY_WINDOW_MS = 1_500;
const TAKEN_OVER_WITHIN_MS = 30_000;
/** The frozen agent wakes without a way to its coordinator, and has so long to send what it should not. */
const AWAKE_AND_CUT_OFF_MS = 5_000;

const CAMPAIGN = `
series: fleet
targets: { ipv4: [198.18.0.0/16] }
ports: [80, 443]
placement: { mode: partition, ports: { 80: "web=80", 443: "web=443" } }
stages:
  synscan: { mptcp: [v1], control: false, options: linux, retries: 0, replyWindowMs: ${REPLY_WINDOW_MS} }
rate: { perAgentPps: ${PACKETS_PER_SECOND} }
seed: 42
`;

describe("a fleet that was installed from the package alone", () => {
  const folder = mkdtempSync(join(tmpdir(), "pxf-"));
  let fleet: InstalledFleet;
  let capture: Capture;
  let probes: readonly CapturedProbe[] = [];
  let endedAtMs = 0;
  beforeAll(async () => {
    fleet = await startInstalledFleet(folder);
  }, 120_000);
  afterAll(async () => {
    await fleet?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** When what an agent sent until now was captured; tcpdump has let go of it. */
  const sentBy = async (name: string): Promise<number[]> => {
    await sleep(500);
    return capture.soFar(name).map(({ atMs }) => atMs);
  };
  /** Drops what goes between an agent and its coordinator, in both directions; or no more. */
  async function cutOff(name: string, isCut: boolean): Promise<void> {
    const ends = (["dport", "sport"] as const).map(
      (end) => `add rule inet cut in tcp ${end} ${fleet.coordinator.ports.agents} drop;`,
    );
    const cut = `add table inet cut; add chain inet cut in { type filter hook input priority 0; }; ${ends.join(" ")}`;
    writeFileSync(join(folder, "cut.nft"), isCut ? cut : "delete table inet cut;");
    await fleet.lab.exec(name, ["nft", "-f", join(folder, "cut.nft")]);
  }
  const intervals = (kind: string) =>
    fleet.coordinator.rows<Interval>(
      `SELECT source, epoch, "from", "to", agent FROM coverage FINAL WHERE kind = '${kind}' ORDER BY source, "from"`,
    );

  it("installs, enrols and connects its agents, each with one line", async () => {
    await fleet.install(FLEET.map((name) => ({ name, packetsPerSecond: PACKETS_PER_SECOND })));
  }, 60_000);

  it("finishes a campaign exactly once although one agent is killed and one frozen for a minute, and that one is fenced", async () => {
    const { coordinator, until, progress } = fleet;
    const frozen = fleet.agent(FROZEN);
    capture = await startCapture(fleet.lab, FLEET.map(fleet.machine), "198.18.0.0/16", folder);
    writeFileSync(join(folder, "campaign.yaml"), CAMPAIGN);
    coordinator.ask("campaign", "create", join(folder, "campaign.yaml"), "--start");
    await until("those to be lost have sent", 30_000, () => progress().marks.sent > 25_000);

    endedAtMs = Date.now();
    await Promise.all([fleet.agent(KILLED).kill("SIGKILL"), frozen.kill("SIGSTOP"), cutOff(FROZEN, true)]);
    const sent = await sentBy(FROZEN);
    // In the middle of its work: it had sent until then.
    expect(sent.filter((atMs) => atMs > endedAtMs - 500).length).toBeGreaterThan(PACKETS_PER_SECOND / 4);
    const everythingDone = () => progress().marks.done === 2 * HOSTS;
    await until("others have done what they had", endedAtMs + FROZEN_MS - Date.now(), everythingDone);
    await sleep(Math.max(0, endedAtMs + FROZEN_MS - Date.now()));

    await frozen.kill("SIGCONT");
    await fleet.restart(KILLED);
    // What it still had to send belongs to others by now, and nobody can tell it.
    await sleep(AWAKE_AND_CUT_OFF_MS);
    expect(await sentBy(FROZEN)).toHaveLength(sent.length);
    await cutOff(FROZEN, false);
    const states = () => coordinator.ask<{ agent: string; state: string }[]>("agents");
    const isBack = () => states().some(({ agent, state }) => agent === FROZEN && state === "connected");
    await until("it is back", 30_000, isBack);
    await until("its rows are in the tables, too", 120_000, () => progress().state === "finished");
    expect(await sentBy(FROZEN)).toHaveLength(sent.length);
    const log = readFileSync(join(fleet.delivery.folder, "machines", FROZEN, "agent.log"), "utf8");
    expect(log).not.toMatch(/"level":(50|60)/);
    probes = (await capture.finish()).filter(({ port }) => port === 80);
  }, 400_000);

  it("had others send on what the two had within 30 s, and repeated no more than the reply window and a second", () => {
    const rows = fleet.coordinator.rows<{ index: string; address: string }>(
      "SELECT DISTINCT index, toString(target) AS address FROM syn_replies WHERE port = 80",
    );
    const indexOf = new Map(rows.map(({ index, address }) => [addressNumber(address), Number(index)]));
    expect(new Set(probes.map(({ target }) => target)).size).toBe(HOSTS);
    const uncertain = intervals("uncertain").filter(({ source }) => source.endsWith("/80"));
    for (const [agent, how] of [
      [KILLED, "killed"],
      [FROZEN, "frozen"],
    ] as const) {
      const { leftToSend, repeated, unrecorded, afterMs } = takeoverOf({
        agent,
        endedAtMs,
        probes,
        uncertain,
        indexOf,
      });
      process.stderr.write(
        `an agent ${how} at ${PACKETS_PER_SECOND} packets/s with ${leftToSend} targets left or more: others go on after ` +
          `${(afterMs / 1_000).toFixed(1)} s, ${repeated} targets are asked again, ${unrecorded} of them not recorded\n`,
      );
      expect(leftToSend).toBeGreaterThan(0);
      expect(afterMs).toBeGreaterThan(0);
      expect(afterMs).toBeLessThan(TAKEN_OVER_WITHIN_MS);
      expect(repeated).toBeGreaterThan(0);
      expect(repeated).toBeLessThanOrEqual(PACKETS_PER_SECOND * (REPLY_WINDOW_MS / 1_000 + 1));
      expect(unrecorded).toBe(0);
    }
  });

  it("has asked every target once, and says which few may have been asked twice", () => {
    const { coordinator } = fleet;
    const asked = intervals("asked");
    const sources = [...new Set(asked.map(({ source }) => source))];
    expect(sources).toHaveLength(2);
    for (const source of sources) {
      let next = 0;
      for (const { from, to } of asked.filter((one) => one.source === source)) {
        expect({ source, from: Number(from) }).toEqual({ source, from: next });
        next = Number(to);
      }
      expect(next).toBe(HOSTS);
    }
    // What may have been asked twice was asked again by the one that stayed, under a later epoch.
    const uncertain = intervals("uncertain");
    const ofLost = uncertain.filter(({ agent }) => agent === FROZEN || agent === KILLED);
    expect(ofLost.length).toBeGreaterThan(0);
    for (const { source, epoch, from, to } of ofLost) {
      const within = (one: Interval) =>
        one.source === source && Number(one.from) < Number(to) && Number(one.to) > Number(from);
      for (const again of asked.filter(within)) {
        expect(again.agent).toBe(SURVIVOR);
        expect(BigInt(again.epoch)).toBeGreaterThan(BigInt(epoch));
      }
    }
    // What was asked twice indeed is less, and lies there.
    const repeated = coordinator.rows<{ index: string }>(
      "SELECT index FROM syn_replies WHERE port = 80 GROUP BY index HAVING count() > 1",
    );
    const isWithin = (index: number, among: readonly Interval[]): boolean =>
      among.some(({ from, to }) => Number(from) <= index && index < Number(to));
    for (const { index } of repeated) expect(isWithin(Number(index), uncertain)).toBe(true);
    const [rows] = coordinator.rows<{ twice: string; targets: string }>(
      "SELECT count() - uniqExact(batch, row) AS twice, uniqExact(target, port) AS targets FROM syn_replies",
    );
    expect({ twice: Number(rows?.twice), targets: Number(rows?.targets) }).toEqual({ twice: 0, targets: 2 * HOSTS });
    const byPort = coordinator.rows<{ agent: string; port: number }>(
      "SELECT DISTINCT agent, port FROM syn_replies ORDER BY agent, port",
    );
    expect(byPort.map(({ agent, port }) => `${agent}:${port}`)).toEqual([
      "fra-443:443",
      "fra-80:80",
      "nyc-80:80",
      "sin-80:80",
    ]);
  });

  it("ends with a certificate that holds without the coordinator, and counts what may have been asked twice", async () => {
    const file = join(folder, "certificate.json");
    const { coordinator, until } = fleet;
    const { id } = fleet.progress();
    // It is made when the campaign has settled, moments after its end.
    await until("it is signed", 30_000, () =>
      isAnswered(() => coordinator.ask("campaign", "certificate", id, "--out", file)),
    );
    await coordinator.stop();
    const { problems, state, sources } = coordinator.ask<CertificateReport>("campaign", "verify", file);
    expect({ problems, state }).toEqual({ problems: [], state: "finished" });
    expect(sources).toHaveLength(2);
    for (const { size, counts } of sources) {
      expect({ size, ...counts, repeated: 0 }).toEqual({
        ...{ size: HOSTS, asked: HOSTS, skipped: 0, uncertain: 0, notAsked: 0 },
        repeated: 0,
      });
    }
    expect(sources.find(({ id: source }) => source.endsWith("/80"))?.counts.repeated).toBeGreaterThan(0);
  }, 60_000);
});

function isAnswered(ask: () => unknown): boolean {
  try {
    ask();
    return true;
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("parallax campaign certificate")) return false;
    throw error;
  }
}
