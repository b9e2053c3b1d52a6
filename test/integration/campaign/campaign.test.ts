import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { CampaignProgress } from "../../../coordinator/campaign/progress.js";
import type { Hello } from "../../../shared/generated/parallax/agent/v1/session.js";
import { type MemoryAlarms, memoryAlarms } from "../../coordinator/alarm/memory-alarms.js";
import { type MemoryCanaryStore, memoryCanaryStore } from "../../coordinator/canary/memory-store.js";
import { startBroker, type TestBroker } from "../control/nats.js";
import { createTestIdentity, type TestIdentity } from "../support/identity.js";
import { type AutoAgent, startAgent, TIMING } from "./auto-agent.js";
import { type Coordinator, startCoordinatorOn } from "./coordinator.js";
import { askedOf, createMemoryStore, endOf, type MemoryStore } from "./memory-store.js";

let broker: TestBroker;
let folder: string;
let memory: MemoryStore;
let canaries: MemoryCanaryStore;
let alarms: MemoryAlarms;
let agents: AutoAgent[];
let identity: TestIdentity;
let coordinators: Coordinator[];
let series = 0;

async function startCoordinator(goneAfterMs?: number): Promise<Coordinator> {
  const connection = await broker.connect();
  const parts = { connection, identity, memory, canaries, alarms, folder, timing: TIMING };
  const coordinator = await startCoordinatorOn({ ...parts, ...(goneAfterMs === undefined ? {} : { goneAfterMs }) });
  coordinators.push(coordinator);
  return coordinator;
}

async function crash(coordinator: Coordinator): Promise<void> {
  coordinators = coordinators.filter((other) => other !== coordinator);
  await coordinator.crash();
}

async function agent(at: Coordinator, name: string, hello: Partial<Hello>, speed?: number): Promise<AutoAgent> {
  const enrolled = await identity.enroll(name, hello.vantage ?? "fra");
  const started = startAgent(at.server.port, enrolled, hello, speed);
  agents.push(started);
  await until(() => at.fleet.find(name) !== undefined);
  return started;
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo(); tries++) {
    if (tries > 1_500) {
      throw new Error(`still not so: ${isSo.toString()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Follows a campaign to its end. */
async function ended({ campaigns }: Coordinator, id: string): Promise<CampaignProgress[]> {
  const seen: CampaignProgress[] = [];
  for await (const progress of campaigns.watch(id, AbortSignal.timeout(30_000))) {
    seen.push(progress);
  }
  return seen;
}

function campaignFile(text: string): { text: string } {
  series++;
  return { text: `series: s${series}\n${text}` };
}

const SMALL = "targets: { ipv4: [198.18.0.0/24] }\nports: [80]\nseed: 1\nrate: { perAgentPps: 100000 }\n";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "parallax-campaign-"));
  [broker, identity] = await Promise.all([startBroker(), createTestIdentity()]);
});

afterAll(async () => {
  await broker.stop();
  rmSync(folder, { recursive: true });
});

beforeEach(async () => {
  memory = createMemoryStore(5);
  canaries = memoryCanaryStore();
  alarms = await memoryAlarms();
  agents = [];
  coordinators = [];
});

afterEach(async () => {
  for (const started of agents) {
    started.stop();
  }
  for (const coordinator of coordinators) {
    await crash(coordinator);
  }
});

describe("a campaign", () => {
  it("goes through SYN scan, recheck, handshakes, tracebox and comparison, each port on its own machines", async () => {
    const at = await startCoordinator();
    const fra80 = await agent(at, "fra-80", { vantage: "fra", labels: { web: "80" } });
    const fra443 = await agent(at, "fra-443", { vantage: "fra", labels: { web: "443" } });
    const sin = await agent(at, "sin-1", { vantage: "sin", labels: { web: "80" } });
    const sin443 = await agent(at, "sin-443", { vantage: "sin", labels: { web: "443" } });
    const { id } = await at.campaigns.create(
      campaignFile(`
targets: { ipv4: [198.18.0.0/24], ipv6: ['2001:db8::1', '2001:db8::2', '2001:db8::3'] }
ports: [80, 443]
placement: { recheck: {}, ports: { 80: "web=80", 443: "web=443" } }
stages: { verify: { mptcp: [v1], retries: 2, replyWindowMs: 700 }, tracebox: { maxTtl: 9 } }
rate: { perAgentPps: 100000 }
`),
    );
    expect(at.campaigns.get(id)).toMatchObject({ state: "created" });
    await at.campaigns.start(id);
    const seen = await ended(at, id);

    expect(seen.at(-1)).toMatchObject({ state: "finished", step: "comparing", waiting: [], error: "" });
    expect([...new Set(seen.map((progress) => progress.step))]).toEqual(
      expect.arrayContaining(["synscan", "recheck", "verify", "tracebox"]),
    );
    expect(memory.compared).toEqual([id]);
    expect(memory.records.get(id)?.state).toBe("finished");
    for (const [source, size] of [
      ["synscan/v4/80", 256],
      ["synscan/v4/443", 256],
      ["synscan/v6/80", 3],
      ["recheck/v6/443/sin", 5],
      ["verify/v6/80/fra", 5],
      ["verify/v4/443/sin", 5],
      ["tracebox/v4/80/fra", 5],
    ] as const) {
      expect(endOf(askedOf(memory, id, source))).toBe(size);
    }
    for (const worker of [fra80, sin]) {
      expect(worker.plans.flatMap((plan) => plan.ports)).not.toContain(443);
    }
    expect([fra443, sin443].flatMap((worker) => worker.plans.flatMap((plan) => plan.ports))).not.toContain(80);
    const plans = [fra80, fra443, sin, sin443].flatMap((worker) => worker.plans);
    expect(plans.find((plan) => plan.plan === `${id}/tracebox/v4/80/fra`)).toMatchObject({
      stage: "tracebox",
      variants: ["v0", "v1", "plain"],
      maxTtl: 9,
      source: { $case: "list", value: { size: 5n } },
    });
    expect(plans.find((plan) => plan.plan === `${id}/verify/v4/80/sin`)).toMatchObject({
      stage: "verify",
      variants: ["v1"],
      retries: 2,
      replyWindowMs: 700,
      source: { $case: "list", value: { size: 5n } },
    });
    expect(new Set(fra80.plans.map((plan) => plan.plan)).size).toBe(fra80.plans.length);
    const listed = [fra443, sin443]
      .flatMap((worker) => worker.grants)
      .filter((grant) => grant.plan.includes("/synscan/v6/"));
    expect(listed.flatMap((grant) => grant.targets.map((target) => target.address.toString("hex"))).sort()).toEqual(
      ["1", "2", "3"].map((last) => `20010db8${last.padStart(24, "0")}`),
    );
  }, 30_000);

  it("goes on without the handshakes of a vantage point where no agent can make them, and says why", async () => {
    const at = await startCoordinator();
    const fra = await agent(at, "fra-1", { vantage: "fra" });
    const sin = await agent(at, "sin-1", { vantage: "sin" });
    const nyc = [await agent(at, "nyc-1", { vantage: "nyc" }), await agent(at, "nyc-2", { vantage: "nyc" })];
    for (const without of [sin, nyc[0]]) {
      if (without !== undefined) without.refuses = "verify";
    }
    const { id } = await at.campaigns.create(campaignFile(`${SMALL}stages: { verify: {}, tracebox: {} }`));
    await at.campaigns.start(id);
    const last = (await ended(at, id)).at(-1);

    const why = "sin-1 refuses: the kernel answers";
    expect(last).toMatchObject({ state: "finished", notes: [`5 targets of verify/v4/80/sin left out: ${why}`] });
    const marksOf = (source: string) => last?.sources.find((one) => one.source === source);
    expect(marksOf("verify/v4/80/sin")).toMatchObject({ size: 5, committed: 0 });
    const skipped = [...memory.coverage.values()].filter(({ kind }) => kind === "skipped");
    expect(skipped).toMatchObject([{ source: "verify/v4/80/sin", from: 0, to: 5, vantage: "sin", reason: why }]);
    // The others made theirs, and what follows was asked from everywhere.
    for (const source of ["verify/v4/80/fra", "verify/v4/80/nyc", "tracebox/v4/80/sin"]) {
      expect(marksOf(source)).toMatchObject({ size: 5, committed: 5 });
      expect(endOf(askedOf(memory, id, source))).toBe(5);
    }
    expect(fra.grants.length).toBeGreaterThan(0);
  }, 30_000);

  it("times pages in rounds: nowhere are two rounds or two campaigns at work at the same time", async () => {
    memory = createMemoryStore(40);
    const at = await startCoordinator();
    const workers = [
      await agent(at, "fra-1", { vantage: "fra" }, 6),
      await agent(at, "fra-2", { vantage: "fra" }, 2),
      await agent(at, "sin-1", { vantage: "sin" }, 4),
    ];
    const text = SMALL.replace("[80]", "[80, 443]");
    const campaigns = [
      await at.campaigns.create(campaignFile(`${text}stages: { timing: { runs: 2 } }`)),
      await at.campaigns.create(campaignFile(`${text}stages: { timing: {} }`)),
    ];
    for (const { id } of campaigns) await at.campaigns.start(id);
    // Four sources of 40 hosts in four rounds, each of ten.
    const turns = new Set<string>();
    const together = (): string[] => {
      const working = workers.flatMap((one) => one.undone()).filter(({ plan }) => plan.includes("/timing/"));
      return [...new Set(working.map(({ plan, from }) => `${plan.split("/")[0]} ${from / 10n}`))];
    };
    const isOver = () => campaigns.every(({ id }) => at.campaigns.get(id).state === "finished");
    await until(() => {
      const now = together();
      expect(now.length).toBeLessThanOrEqual(1);
      for (const one of now) turns.add(one);
      return isOver();
    });
    expect(turns.size).toBe(8);
    for (const { id } of campaigns) {
      for (const source of ["timing/v4/80/fra", "timing/v4/443/fra", "timing/v4/80/sin", "timing/v4/443/sin"]) {
        expect(endOf(askedOf(memory, id, source))).toBe(40);
      }
    }
    const plan = workers.flatMap(({ plans }) => plans).find((one) => one.plan.endsWith("/timing/v4/443/sin"));
    expect(plan).toMatchObject({
      stage: "timing",
      variants: ["v1", "plain"],
      ports: [443],
      timing: { runs: 2, timeoutMs: 20_000, bodyLimitBytes: 65_536, httpsPorts: [443] },
    });
  }, 60_000);

  it("goes on without the timings of a vantage point whose kernel cannot make them", async () => {
    const at = await startCoordinator();
    await agent(at, "fra-1", { vantage: "fra" });
    (await agent(at, "sin-1", { vantage: "sin" })).refuses = "timing";
    const { id } = await at.campaigns.create(campaignFile(`${SMALL}stages: { timing: {} }`));
    await at.campaigns.start(id);
    expect((await ended(at, id)).at(-1)).toMatchObject({
      state: "finished",
      notes: ["5 targets of timing/v4/80/sin left out: sin-1 refuses: the kernel answers"],
    });
    expect(endOf(askedOf(memory, id, "timing/v4/80/fra"))).toBe(5);
  }, 30_000);

  it("waits for the operator when a scan is refused by everybody", async () => {
    const at = await startCoordinator();
    (await agent(at, "fra-1", {})).refuses = "synscan";
    const { id } = await at.campaigns.create(campaignFile(SMALL));
    await at.campaigns.start(id);
    await until(() => at.campaigns.get(id).waiting.length > 0);
    expect(at.campaigns.get(id)).toMatchObject({ state: "running", notes: [] });
    expect(at.campaigns.get(id).waiting[0]).toContain("fra-1 refuses: the kernel answers");
    await at.campaigns.cancel(id);
  }, 30_000);

  it("gives what a killed agent had not done to another one, and waits for what is in its spool", async () => {
    const at = await startCoordinator();
    const first = await agent(at, "fra-1", {}, 20);
    const { id } = await at.campaigns.create(campaignFile(SMALL));
    await at.campaigns.start(id);
    first.publishing = false;
    await until(() => at.campaigns.get(id).marks.done > 30);
    first.kill();
    const second = await agent(at, "fra-2", {}, 200);
    await until(() => at.campaigns.get(id).waiting.some((reason) => reason.includes("rows of")));

    const waiting = at.campaigns.get(id);
    expect(waiting.waiting[0]).toMatch(
      /rows of \d+ targets of synscan\/v4\/80 are with agent fra-1, which is not connected/,
    );
    expect(waiting.marks.committed).toBeLessThan(256);
    expect(second.grants.length).toBeGreaterThan(0);

    first.publishing = true;
    first.restart(at.server.port);
    expect((await ended(at, id)).at(-1)).toMatchObject({ state: "finished" });
    const rows = [...memory.coverage.values()];
    expect(rows.filter((row) => row.kind === "uncertain" && row.agent === "fra-1")).not.toEqual([]);
    expect(endOf(askedOf(memory, id, "synscan/v4/80"))).toBe(256);
  }, 30_000);

  it("asks again what an agent that is gone for good had in its spool", async () => {
    const at = await startCoordinator(1_000);
    const first = await agent(at, "fra-1", {}, 20);
    const { id } = await at.campaigns.create(campaignFile(SMALL));
    await at.campaigns.start(id);
    first.publishing = false;
    await until(() => at.campaigns.get(id).marks.done > 30);
    first.kill();
    await agent(at, "fra-2", {}, 200);

    expect((await ended(at, id)).at(-1)).toMatchObject({ state: "finished" });
    expect([...memory.coverage.values()].map((row) => row.reason)).toContain("agent gone for good");
  }, 30_000);

  it("goes on when the coordinator was killed, and no lease of a live agent is given to another", async () => {
    const before = await startCoordinator();
    const workers = [await agent(before, "fra-1", {}, 3), await agent(before, "sin-1", { vantage: "sin" }, 3)];
    const { id } = await before.campaigns.create(campaignFile(SMALL));
    await before.campaigns.start(id);
    await until(() => before.campaigns.get(id).marks.done > 30);
    await crash(before);

    const after = await startCoordinator();
    expect(after.campaigns.get(id)).toMatchObject({ state: "running", step: "synscan" });
    for (const worker of workers) {
      worker.reconnect(after.server.port);
      worker.speed = 40;
    }
    expect((await ended(after, id)).at(-1)).toMatchObject({ state: "finished" });

    const taken = workers.flatMap((worker) => worker.grants.map((grant) => ({ ...grant, name: worker.name })));
    const overlaps = taken.filter((a) => taken.some((b) => a.name !== b.name && a.from < b.to && b.from < a.to));
    expect(overlaps).toEqual([]);
    expect(endOf(askedOf(memory, id, "synscan/v4/80"))).toBe(256);
  }, 30_000);

  it("says which agent it waits for", async () => {
    const at = await startCoordinator();
    await agent(at, "fra-1", { vantage: "fra", labels: { web: "80" }, ipv6: false });
    await agent(at, "sin-1", { vantage: "sin", labels: { web: "80" } });
    const { id } = await at.campaigns.create(
      campaignFile(`
targets: { ipv4: [198.18.0.0/30], ipv6: ['2001:db8::1'] }
ports: [80, 443]
placement: { mode: replicate, ports: { 80: "web=80", 443: "web=443" } }
`),
    );
    await at.campaigns.start(id);
    await until(() => at.campaigns.get(id).marks.committed === 9);

    expect(at.campaigns.get(id).waiting).toEqual([
      "no agent with web=80 and IPv6 at vantage fra",
      "no agent with web=443 at vantage fra",
      "no agent with web=443 at vantage sin",
      "no agent with web=443 and IPv6 at vantage fra",
      "no agent with web=443 and IPv6 at vantage sin",
    ]);
    await at.campaigns.cancel(id);
  }, 30_000);

  it("never has two vantage points at a target at the same time when each asks all of them", async () => {
    const at = await startCoordinator();
    const workers: AutoAgent[] = [];
    for (const [name, speed] of [
      ["fra", 3],
      ["sin", 17],
      ["syd", 40],
    ] as const) {
      workers.push(await agent(at, `${name}-1`, { vantage: name }, speed));
    }
    const { id } = await at.campaigns.create(
      campaignFile(
        "targets: { ipv4: [198.18.0.0/23] }\nports: [80]\nplacement: { mode: replicate }\nrate: { perAgentPps: 100000 }\n",
      ),
    );
    await at.campaigns.start(id);
    const fleet = () => workers.flatMap((worker) => worker.held().map((lease) => ({ ...lease, worker })));
    let overlaps = 0;
    let together = 0;
    const look = setInterval(() => {
      const leases = fleet();
      together = Math.max(together, new Set(leases.map(({ worker }) => worker)).size);
      for (const a of leases)
        for (const b of leases) if (a.worker !== b.worker && a.done < b.to && b.done < a.to) overlaps++;
    }, 5);
    const seen = await ended(at, id);
    clearInterval(look);

    expect(seen.at(-1)).toMatchObject({ state: "finished" });
    for (const vantage of ["fra", "sin", "syd"]) {
      expect(endOf(askedOf(memory, id, `synscan/v4/80/${vantage}`))).toBe(512);
    }
    expect(overlaps).toBe(0);
    expect(together).toBe(3);
    const keys = workers.flatMap(({ plans }) => plans.map(({ source }) => JSON.stringify(source)));
    expect(new Set(keys).size).toBe(1);
  });

  it("tells the agents at once when it is paused, also those that come later, leases nothing, and goes on", async () => {
    const at = await startCoordinator();
    const worker = await agent(at, "fra-1", {}, 20);
    const { id } = await at.campaigns.create(campaignFile(SMALL));
    await expect(at.campaigns.pause(id)).rejects.toThrow(`campaign ${id} is created`);
    await at.campaigns.start(id);
    await until(() => worker.grants.length > 0);
    const asked = performance.now();
    expect(await at.campaigns.pause(id)).toMatchObject({ state: "running", paused: true });
    await until(() => worker.pauses.length > 0);
    expect(performance.now() - asked).toBeLessThan(100);
    expect(worker.pauses).toEqual([{ campaign: id, paused: true }]);

    const late = await agent(at, "fra-2", {}, 20);
    await until(() => late.pauses.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(late.grants).toEqual([]);
    await crash(at);
    const again = await startCoordinator();
    expect(again.campaigns.get(id)).toMatchObject({ state: "running", paused: true });
    late.reconnect(again.server.port);
    worker.reconnect(again.server.port);
    await until(() => late.pauses.length > 1 && worker.pauses.length > 1);
    expect(await again.campaigns.resume(id)).toMatchObject({ paused: false });
    expect((await ended(again, id)).at(-1)).toMatchObject({ state: "finished", paused: false });
    expect(worker.pauses.at(-1)).toEqual({ campaign: id, paused: false });
  }, 30_000);

  it("tells the agents to stop when it is cancelled, and takes up none of it after a restart", async () => {
    const at = await startCoordinator();
    const worker = await agent(at, "fra-1", {}, 1);
    const { id } = await at.campaigns.create(campaignFile(SMALL));
    await at.campaigns.start(id);
    await until(() => worker.grants.length > 0);
    const asked = performance.now();
    await at.campaigns.cancel(id);
    await until(() => worker.revoked.length > 0);
    expect(performance.now() - asked).toBeLessThan(500);
    await until(() => memory.records.get(id)?.state === "cancelled");
    await expect(at.campaigns.cancel(id)).rejects.toThrow(`campaign ${id} is cancelled already`);

    await crash(at);
    const again = await startCoordinator();
    expect(again.campaigns.get(id)).toMatchObject({ state: "cancelled" });
    worker.reconnect(again.server.port);
    const grants = worker.grants.length;
    await until(() => again.fleet.find("fra-1") !== undefined);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(worker.grants).toHaveLength(grants);
  }, 30_000);

  it("keeps trying while the store does not answer, and says so", async () => {
    const at = await startCoordinator();
    await agent(at, "fra-1", {});
    const { id } = await at.campaigns.create(campaignFile(`${SMALL}stages: { tracebox: {} }`));
    await at.campaigns.start(id);
    memory.state.failing = true;
    await until(() => at.campaigns.get(id).waiting.includes("the warehouse does not answer"));
    expect(at.campaigns.get(id).state).toBe("running");
    memory.state.failing = false;

    expect((await ended(at, id)).at(-1)).toMatchObject({ state: "finished" });
  }, 30_000);

  it("asks its canaries beside its targets, from every agent at work, and judges silence from coverage alone", async () => {
    const at = await startCoordinator();
    const fra = await agent(at, "fra-1", { vantage: "fra" }, 1);
    const sin = await agent(at, "sin-1", { vantage: "sin" }, 1);
    const lazy = await agent(at, "lab-1", { vantage: "lab", labels: { role: "spare" } });
    const { id } = await at.campaigns.create(
      campaignFile(`
targets: { ipv4: [198.18.0.0/23] }
ports: [80]
canaries:
  - { target: 198.18.0.1, port: 80, expect: claims-v1 }
  - { target: 198.18.0.2, port: 80, expect: no-reply }
placement: { vantages: "role != spare" }
rate: { perAgentPps: 100000, canaryIntervalMs: 1000 }
`),
    );
    await at.campaigns.start(id);
    const roundsOf = ({ grants }: AutoAgent) => grants.filter((grant) => grant.plan === `${id}/canary/v4/80`);
    await until(() => at.campaigns.get(id).alarms.length === 2);
    expect(at.campaigns.get(id).marks.size).toBe(510);
    expect(at.campaigns.get(id).alarms).toMatchObject([
      { kind: "canary", campaign: id, target: "198.18.0.1", answer: "no-reply", expected: "claims-v1" },
      { kind: "canary", campaign: id, target: "198.18.0.1", answer: "no-reply", expected: "claims-v1" },
    ]);
    expect(
      at.campaigns
        .get(id)
        .alarms.map((alarm) => alarm.vantage)
        .sort(),
    ).toEqual(["fra", "sin"]);
    await until(() => roundsOf(fra).length > 1 && roundsOf(sin).length > 1);
    // Two agents ask each canary at most once in two seconds, whatever the campaign's own interval.
    const [first, second] = roundsOf(fra);
    expect(Number((second?.epoch ?? 0n) - (first?.epoch ?? 0n))).toBeGreaterThanOrEqual(2_000);
    fra.speed = 40;
    sin.speed = 40;
    expect((await ended(at, id)).at(-1)).toMatchObject({ state: "finished", alarms: [] });

    expect(lazy.grants).toEqual([]);
    expect(endOf(askedOf(memory, id, "synscan/v4/80"))).toBe(510);
    const rounds = [fra, sin].flatMap(roundsOf);
    const asked = askedOf(memory, id, "canary/v4/80");
    expect(endOf(asked)).toBe(rounds.length * 2);
    for (const grant of rounds) {
      expect(grant.targets.map(({ address, port }) => [...address, port])).toEqual([
        [198, 18, 0, 1, 80],
        [198, 18, 0, 2, 80],
      ]);
    }
    await until(() => [...alarms.rows.values()].every(({ clearedBy }) => clearedBy === "campaign over"));
    expect(alarms.rows.size).toBe(2);
  }, 30_000);

  it("goes on with its canaries after a crash, with one round more at the most", async () => {
    const before = await startCoordinator();
    const worker = await agent(before, "fra-1", {}, 1);
    const file = SMALL.replace("100000", "100000, canaryIntervalMs: 3600000");
    const { id } = await before.campaigns.create(campaignFile(`${file}canaries: [{ target: 198.18.0.1, port: 80 }]\n`));
    await before.campaigns.start(id);
    const rounds = () => worker.grants.filter((grant) => grant.plan === `${id}/canary/v4/80`);
    await until(() => canaries.views.size === 1);
    await crash(before);
    const after = await startCoordinator();
    worker.reconnect(after.server.port);
    await until(() => rounds().length === 2);
    worker.speed = 200;

    expect((await ended(after, id)).at(-1)).toMatchObject({ state: "finished" });
    expect(rounds().map(({ from, to }) => [from, to])).toEqual([
      [0n, 1n],
      [1n, 2n],
    ]);
    expect(askedOf(memory, id, "canary/v4/80")).toEqual([
      [0, 1],
      [1, 2],
    ]);
    expect(canaries.views.get("fra fra-1 198.18.0.1 80")).toMatchObject({ wrongSinceMs: null });
  }, 30_000);

  it("lets at most one of two coordinators on one control state go on: the other is stopped, or refused at its start", async () => {
    const one = await startCoordinator();
    await agent(one, "fra-1", {}, 1);
    const { id } = await one.campaigns.create(campaignFile(SMALL));
    await one.campaigns.start(id);
    const other = startCoordinator();
    const refused = await other.then(({ campaigns }) => campaigns.cancel(id)).then(() => null, String);
    await until(() => refused !== null || one.conflicts.length > 0);

    expect(refused ?? String(one.conflicts[0])).toMatch(/was changed by another coordinator; stop one of the two/);
  }, 30_000);

  it("splits the slow tail: what an agent would need long for is asked back and given to one that has nothing to do", async () => {
    const at = await startCoordinator();
    const slow = await agent(at, "slow-1", { vantage: "fra", yields: true }, 1);
    const { id } = await at.campaigns.create(
      campaignFile("targets: { ipv4: [198.18.0.0/20] }\nports: [80]\nrate: { perAgentPps: 100000 }\n"),
    );
    await at.campaigns.start(id);
    await until(() => slow.grants.length > 0);
    await agent(at, "fast-1", { vantage: "fra", yields: true }, 400);
    await ended(at, id);

    expect(slow.yields.length).toBeGreaterThan(0);
    const asked = askedOf(memory, id, "synscan/v4/80");
    expect(endOf(asked)).toBe(4_096);
  });

  it("gives two campaigns that run at once equal parts of an agent", async () => {
    const at = await startCoordinator();
    const only = await agent(at, "fra-1", { vantage: "fra" }, 5);
    const file = () => campaignFile("targets: { ipv4: [198.18.0.0/18] }\nports: [80]\nrate: { perAgentPps: 40 }\n");
    const first = await at.campaigns.create(file());
    const second = await at.campaigns.create(file());
    await at.campaigns.start(first.id);
    await at.campaigns.start(second.id);
    await until(() => only.grants.length >= 12);
    await Promise.all([at.campaigns.cancel(first.id), at.campaigns.cancel(second.id)]);

    const of = (id: string) => only.grants.slice(2, 12).filter(({ plan }) => plan.startsWith(`${id}/`)).length;
    expect(Math.abs(of(first.id) - of(second.id))).toBeLessThanOrEqual(2);
  });

  it("is refused with its reason when it cannot be created or started", async () => {
    const at = await startCoordinator();
    await expect(at.campaigns.create(campaignFile(SMALL))).rejects.toThrow(
      /198.18.0.0\/24 .*Benchmarking, RFC 2544.*no agent/,
    );
    const { id } = await at.campaigns.create(campaignFile(SMALL.replace("198.18.0.0/24", "8.8.8.0/24")));
    await expect(at.campaigns.start(id)).rejects.toThrow(/no connected agent matches the placement/);
    await expect(at.campaigns.start("nothing")).rejects.toThrow('there is no campaign "nothing"');
    await agent(at, "fra-1", {});
    await at.campaigns.start(id);
    await expect(at.campaigns.start(id)).rejects.toThrow(`campaign ${id} is running`);
    expect(at.campaigns.list().map((progress) => progress.id)).toContain(id);
  }, 30_000);
});
