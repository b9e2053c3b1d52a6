import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { CampaignProgress } from "../../../coordinator/campaign/progress.js";
import type { CertificateReport } from "../../../coordinator/certificate/verify.js";
import type { LabProcess } from "../../../deploy/lab/client.js";
import type { Lab, LabMachine, startLab as StartLab } from "../../../deploy/lab/lab.js";
import { type Coordinator, startCoordinator } from "./coordinator.js";
import { type Delivery, deliver, installAgent, runAgent } from "./installed-agent.js";

/** Two machines share port 80, one has port 443. */
const FLEET = ["fra-80", "nyc-80", "fra-443"] as const;
const FROZEN = "fra-80";
const HOSTS = 65_536;
const PACKETS_PER_SECOND = 1_500;
const FROZEN_MS = 60_000;

const REPLY_WINDOW_MS = 1_500;

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

interface Interval {
  readonly source: string;
  readonly epoch: string;
  readonly from: string;
  readonly to: string;
  readonly agent: string;
}

describe("a fleet that was installed from the package alone", () => {
  const folder = mkdtempSync(join(tmpdir(), "pxf-"));
  let coordinator: Coordinator;
  let lab: Lab;
  let delivery: Delivery;
  const agents = new Map<string, LabProcess>();
  beforeAll(async () => {
    delivery = deliver(join(folder, "delivery"));
    coordinator = await startCoordinator(join(folder, "data"));
    const { startLab } = (await import(join(process.cwd(), "dist/deploy/lab/lab.js"))) as { startLab: typeof StartLab };
    // Where the enrolment tokens lead: the lab's machines have the coordinator's ports on their own loopback.
    const services = Object.entries(coordinator.ports).map(([name, port]) => ({ name, hostPort: port, labPort: port }));
    lab = await startLab({ folder: join(folder, "lab"), services, networks: [], crowd: true, onProgress: () => {} });
  }, 120_000);
  afterAll(async () => {
    await lab?.stop();
    await coordinator?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const machine = (name: string): LabMachine => {
    const found = lab.machines.find((one) => one.name === name);
    if (found === undefined) throw new Error(`the lab has no machine ${name}`);
    return found;
  };
  const progress = (): CampaignProgress => {
    const [campaign] = coordinator.ask<CampaignProgress[]>("campaign", "list");
    if (campaign === undefined) throw new Error("no campaign");
    return campaign;
  };
  async function until(what: string, withinMs: number, look: () => boolean): Promise<void> {
    for (const end = Date.now() + withinMs; !look(); await sleep(200)) {
      if (Date.now() > end) throw new Error(`never: ${what}; ${JSON.stringify(progress())}`);
    }
  }
  /** SYNs from a machine to the hosts, as its first router counts them. */
  const synsOf = async (name: string): Promise<number> => {
    const text = await lab.exec(`${machine(name).vantage}-r1`, ["nft", "list", "table", "inet", "seen"]);
    return Number(/counter packets (\d+)/.exec(text)?.[1]);
  };

  it("installs, enrols and connects three agents, each with one line", async () => {
    const { token } = coordinator.ask<{ token: string }>("enroll", "create", "--uses", String(FLEET.length));
    for (const name of FLEET) {
      const options = { lab, machine: machine(name), delivery, token, packetsPerSecond: PACKETS_PER_SECOND };
      const root = await installAgent(options);
      agents.set(name, await runAgent(lab, machine(name), root));
    }
    const connected = () =>
      coordinator.ask<{ agent: string; state: string }[]>("agents").filter(({ state }) => state === "connected");
    await until("all are connected", 20_000, () => connected().length === FLEET.length);
  }, 60_000);

  it("finishes a campaign exactly once although one agent is frozen for a minute, and that one is fenced", async () => {
    const frozen = agents.get(FROZEN);
    if (frozen === undefined) throw new Error("it does not run");
    const rule = `add table inet seen; add chain inet seen pass { type filter hook prerouting priority -300; };
      add rule inet seen pass ip saddr ${machine(FROZEN).ipv4} ip daddr 198.18.0.0/16 tcp flags syn counter;`;
    writeFileSync(join(folder, "seen.nft"), rule);
    await lab.exec(`${machine(FROZEN).vantage}-r1`, ["nft", "-f", join(folder, "seen.nft")]);
    writeFileSync(join(folder, "campaign.yaml"), CAMPAIGN);
    coordinator.ask("campaign", "create", join(folder, "campaign.yaml"), "--start");
    await until("the agent to be frozen has sent", 30_000, () => progress().marks.sent > 20_000);

    await frozen.kill("SIGSTOP");
    const frozenAt = Date.now();
    await sleep(500);
    const sent = await synsOf(FROZEN);
    expect(sent).toBeGreaterThan(1_000);
    const held = () => progress().sources.some(({ agents: holders }) => holders.includes(FROZEN));
    expect(held()).toBe(true);
    const everythingDone = () => progress().marks.done === 2 * HOSTS;
    await until("others have done what it had", frozenAt + FROZEN_MS - Date.now(), everythingDone);
    await sleep(Math.max(0, frozenAt + FROZEN_MS - Date.now()));

    await frozen.kill("SIGCONT");
    await sleep(10_000);
    // What it still had to send belongs to others by now.
    expect(await synsOf(FROZEN)).toBe(sent);
    const states = () => coordinator.ask<{ agent: string; state: string }[]>("agents");
    const isBack = () => states().some(({ agent, state }) => agent === FROZEN && state === "connected");
    await until("it is back", 30_000, isBack);
    await until("its rows are in the tables, too", 120_000, () => progress().state === "finished");
    expect(await synsOf(FROZEN)).toBe(sent);
    const log = readFileSync(join(delivery.folder, "machines", FROZEN, "agent.log"), "utf8");
    expect(log).not.toMatch(/"level":(50|60)/);
  }, 400_000);

  it("has asked every target once, and says which few may have been asked twice", () => {
    const intervals = (kind: string) =>
      coordinator.rows<Interval>(
        `SELECT source, epoch, "from", "to", agent FROM coverage FINAL WHERE kind = '${kind}' ORDER BY source, "from"`,
      );
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
    // What may have been asked twice was the frozen agent's, and was asked again by the other under a later epoch.
    const uncertain = intervals("uncertain");
    const ofFrozen = uncertain.filter(({ agent }) => agent === FROZEN);
    expect(ofFrozen.length).toBeGreaterThan(0);
    for (const { source, epoch, from, to } of ofFrozen) {
      const within = (one: Interval) =>
        one.source === source && Number(one.from) < Number(to) && Number(one.to) > Number(from);
      for (const again of asked.filter(within)) {
        expect(again.agent).toBe("nyc-80");
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
    const byFrozen = repeated.filter(({ index }) => isWithin(Number(index), ofFrozen));
    expect(byFrozen.length).toBeLessThanOrEqual(PACKETS_PER_SECOND * (REPLY_WINDOW_MS / 1_000 + 1));
    const [rows] = coordinator.rows<{ twice: string; targets: string }>(
      "SELECT count() - uniqExact(batch, row) AS twice, uniqExact(target, port) AS targets FROM syn_replies",
    );
    expect({ twice: Number(rows?.twice), targets: Number(rows?.targets) }).toEqual({ twice: 0, targets: 2 * HOSTS });
    const byPort = coordinator.rows<{ agent: string; port: number }>(
      "SELECT DISTINCT agent, port FROM syn_replies ORDER BY agent, port",
    );
    expect(byPort.map(({ agent, port }) => `${agent}:${port}`)).toEqual(["fra-443:443", "fra-80:80", "nyc-80:80"]);
  });

  it("ends with a certificate that holds without the coordinator, and counts what may have been asked twice", async () => {
    const file = join(folder, "certificate.json");
    const { id } = progress();
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
