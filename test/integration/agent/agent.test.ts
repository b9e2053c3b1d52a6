import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import pino from "pino";
import type { AgentConfig } from "../../../agent/config/config.js";
import { NO_SELF_TEST_TARGETS } from "../../../agent/config/self-test.js";
import type { AgentIdentity } from "../../../agent/identity/identity.js";
import { connectBroker } from "../../../agent/publish/broker.js";
import { runAgent } from "../../../agent/run.js";
import { NO_SERVICE_MANAGER, type ServiceManager } from "../../../agent/service/manager.js";
import { createSystemClock } from "../../../agent/wire/clock.js";
import { parsePrefix } from "../../../shared/address/prefix.js";
import { UserError } from "../../../shared/errors.js";
import type { LeaseMarks, Plan } from "../../../shared/generated/parallax/agent/v1/session.js";
import { createTestBroker, type TestBroker } from "../publish/broker.js";
import { createTestIdentity, keepForEver } from "../support/identity.js";
import { STOP_AFTER_MS, startCoordinator, type TestCoordinator, type TestSession } from "./coordinator.js";
import { startIngest, type TestIngest } from "./ingest.js";
import { createTestNetwork, type TestNetwork } from "./network.js";

const PLAN: Plan = {
  plan: "c1/synscan/v4/80",
  campaign: "c1",
  stage: "synscan",
  secret: Buffer.alloc(16, 1),
  ports: [80],
  variants: ["v1", "plain"],
  options: "linux",
  packetsPerSecond: 1_000,
  retries: 1,
  replyWindowMs: 50,
  maxTtl: 0,
  routerPacketsPerSecond: 0,
  source: {
    $case: "space",
    // 198.18.0.0/16
    value: { ranges: [{ first: 0xc612_0000, last: 0xc612_ffff }], permutationKey: Buffer.alloc(16, 2) },
  },
};

let folder = "";
let broker: TestBroker;
let ingest: TestIngest;
let coordinator: TestCoordinator;
const agents: RunningAgent[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "parallax-agent-"));
  broker = await createTestBroker();
  coordinator = await startCoordinator(broker.identity);
  await broker.start();
  ingest = await startIngest(broker);
});
afterEach(async () => {
  for (const agent of agents.splice(0)) {
    await agent.stop().catch(() => undefined);
  }
  await coordinator.stop();
  await ingest.stop();
  await broker.remove();
  await rm(folder, { recursive: true, force: true });
});

function portOf(address: string): number {
  return Number(address.split(":")[1]);
}

interface RunningAgent {
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

function startAgent(
  network: TestNetwork,
  options: {
    identity?: AgentIdentity;
    maxBytes?: number;
    open?: string[];
    noticeTimeoutMs?: number;
    service?: ServiceManager;
  } = {},
): RunningAgent {
  const { identity = broker.agent } = options;
  const config: AgentConfig = {
    name: "fra-1",
    vantage: "fra",
    labels: { web: "80" },
    identity,
    identityFolder: "unused",
    coordinator: { address: coordinator.address },
    broker: { url: broker.url },
    spool: { folder: join(folder, "spool"), maxBytes: options.maxBytes ?? 100_000_000 },
    interface: "unused",
    caps: { packetsPerSecond: 5_000, ports: null },
    open: (options.open ?? ["198.18.0.0/15"]).map(parsePrefix),
    block: [],
    blocked: [],
    contact: null,
    simulator: null,
    infoPage: null,
    driver: null,
    zeroCopy: false,
    senderThreads: 1,
    selfTest: NO_SELF_TEST_TARGETS,
  };
  const abort = new AbortController();
  const ended = runAgent(
    {
      config,
      identity: keepForEver(identity),
      log: pino({ level: "silent" }),
      clock: createSystemClock(),
      random: Math.random,
      uuid: randomUUID,
      openNetwork: async () => network,
      connectBroker: () => connectBroker(broker.url, () => identity),
      service: options.service ?? NO_SERVICE_MANAGER,
      timing: {
        checkpointMs: 40,
        mostBackoffMs: 200,
        noticeTimeoutMs: options.noticeTimeoutMs ?? 30_000,
        windowMs: 1_000,
        drainMs: 200,
        farewellMs: 500,
      },
    },
    abort.signal,
  );
  ended.catch(() => undefined);
  const agent: RunningAgent = {
    ended,
    stop() {
      abort.abort();
      return ended;
    },
  };
  agents.push(agent);
  return agent;
}

/** Resolves with the first value that is neither undefined nor false. */
async function eventually<T>(what: string, look: () => T | undefined | false, withinMs = 8_000): Promise<T> {
  for (const until = performance.now() + withinMs; performance.now() < until; await sleep(10)) {
    const found = look();
    if (found !== undefined && found !== false) {
      return found;
    }
  }
  throw new Error(`never: ${what}`);
}

const session = (number = 0) => eventually(`session ${number}`, () => coordinator.sessions[number]);

function grant(to: TestSession, lease: string, from: number, until: number): void {
  to.send({ $case: "plan", value: PLAN });
  to.send({
    $case: "grant",
    value: { lease, epoch: 5n, plan: PLAN.plan, from: BigInt(from), to: BigInt(until), targets: [] },
  });
}

function lastMarks(of: TestSession, lease: string): LeaseMarks | undefined {
  return of.heartbeats.at(-1)?.leases.find((marks) => marks.lease === lease);
}

describe("an agent", () => {
  test("tells its service manager when the coordinator has welcomed it, how it is, and that it ends", async () => {
    const told: string[] = [];
    let status = (): string => "";
    const service: ServiceManager = {
      begin(ask) {
        status = ask;
        told.push("begin");
      },
      ready: () => told.push("ready"),
      stopping: () => told.push("stopping"),
      close() {},
    };
    const agent = startAgent(createTestNetwork(), { service });
    await eventually("ready", () => told.includes("ready"));
    expect(status()).toMatch(/^connected, 0 leases, 0 batches in the spool/);
    await coordinator.stop();
    await eventually("cut off", () => status().startsWith("not connected") && status().includes("coordinator: "));
    await agent.stop();
    expect(told).toEqual(["begin", "ready", "stopping"]);
  });

  test("introduces itself, and takes a lease from grant to its last committed row", async () => {
    ingest.commitAll();
    const network = createTestNetwork();
    startAgent(network);
    const first = await session();
    expect(first.hello).toMatchObject({
      agent: "fra-1",
      vantage: "fra",
      labels: { web: "80" },
      version: "0.1.0",
      protocol: 1,
      ipv4: true,
      ipv6: false,
      maxPps: 5_000,
      opened: ["198.18.0.0/15"],
    });
    expect(first.hello.instance).not.toBe("");
    expect(first.hello.spool).not.toBe("");

    grant(first, "L1", 1_000, 1_400);
    await eventually("committed", () => lastMarks(first, "L1")?.committed === 1_400n);
    await eventually("not listed any more", () => first.heartbeats.at(-1)?.leases.length === 0);

    expect(network.sent).toEqual(Array.from({ length: 400 }, (_, i) => 1_000 + i));
    expect(ingest.batches.reduce((sum, batch) => sum + batch.rows, 0)).toBe(100);
    for (const batch of ingest.batches) {
      expect(batch).toMatchObject({ subject: "parallax.rows.c1.fra.fra-1", campaign: "c1", table: "syn_replies" });
    }
    // Its ledger's lines are on their way, too.
    await eventually("an empty spool", () => first.heartbeats.at(-1)?.stats?.spoolBytes === 0n);
    const stats = first.heartbeats.at(-1)?.stats;
    expect(stats).toMatchObject({ packetsSent: 400n, replies: 100n, lastError: "" });
  });

  test("reports marks that never go back and never pass one another", async () => {
    ingest.commitAll();
    startAgent(createTestNetwork());
    const first = await session();
    grant(first, "L1", 0, 300);
    await eventually("committed", () => lastMarks(first, "L1")?.committed === 300n);
    const marks = first.heartbeats.flatMap(({ leases }) => leases);
    let last = { sent: 0n, done: 0n, committed: 0n };
    for (const now of marks) {
      expect(now.committed <= now.done && now.done <= now.sent).toBe(true);
      expect(now.sent >= last.sent && now.done >= last.done && now.committed >= last.committed).toBe(true);
      last = now;
    }
    expect(marks.some(({ sent, done }) => sent > done)).toBe(true);
  });

  test("sends nothing before its first acknowledged heartbeat", async () => {
    coordinator.acknowledging = false;
    const network = createTestNetwork();
    startAgent(network);
    const first = await session();
    grant(first, "L1", 0, 100);
    await eventually("lists the lease", () => lastMarks(first, "L1"));
    await sleep(100);
    expect(network.sent).toEqual([]);
  });

  test("stops when its heartbeats are not acknowledged any more, and goes on when they are", async () => {
    const network = createTestNetwork();
    startAgent(network);
    const first = await session();
    grant(first, "L1", 0, 60_000);
    await eventually("sending", () => network.sent.length > 50);
    coordinator.acknowledging = false;
    await sleep(STOP_AFTER_MS + 100);
    const stoppedAt = network.sent.length;
    await sleep(200);
    expect(network.sent.length).toBe(stoppedAt);
    coordinator.acknowledging = true;
    await eventually("sending again", () => network.sent.length > stoppedAt + 50);
    expect(network.sent).toEqual(network.sent.map((_, i) => i));
  });

  test("comes back as the same process after its stream was cut, and goes on with its leases", async () => {
    const network = createTestNetwork();
    startAgent(network);
    const first = await session();
    grant(first, "L1", 0, 60_000);
    await eventually("sending", () => network.sent.length > 50);
    first.end(status.UNAVAILABLE, "restarting");
    const second = await session(1);
    expect(second.hello.instance).toBe(first.hello.instance);
    const heartbeat = await eventually("a heartbeat", () => second.heartbeats[0]);
    expect(heartbeat.leases.map(({ lease }) => lease)).toEqual(["L1"]);
    const before = network.sent.length;
    await eventually("still sending", () => network.sent.length > before + 50);
  });

  test("comes back after the coordinator was away for longer than its fence", async () => {
    const network = createTestNetwork();
    startAgent(network);
    await session();
    const { address } = coordinator;
    await coordinator.stop();
    await sleep(STOP_AFTER_MS + 200);
    coordinator = await startCoordinator(broker.identity, portOf(address));
    const again = await session();
    grant(again, "L2", 0, 100);
    await eventually("sending", () => network.sent.length === 100);
  });

  test("stops a revoked lease, publishes its rows, and lists it until they are committed", async () => {
    const network = createTestNetwork();
    startAgent(network);
    const first = await session();
    grant(first, "L1", 0, 60_000);
    await eventually("sending", () => network.sent.length > 50);
    first.send({ $case: "revoke", value: { lease: "L1", epoch: 5n, reason: "expired" } });
    await sleep(100);
    const stoppedAt = network.sent.length;
    await sleep(200);
    expect(network.sent.length).toBe(stoppedAt);
    const rows = () => ingest.batches.reduce((sum, batch) => sum + batch.rows, 0);
    await eventually("all rows published", () => rows() === Math.ceil(stoppedAt / 4));
    expect(lastMarks(first, "L1")).toBeDefined();
    ingest.commitAll();
    await eventually("not listed any more", () => first.heartbeats.at(-1)?.leases.length === 0);
  });

  test("sends nothing within 100 ms of a pause, goes on within 100 ms, and forgets a pause with the session", async () => {
    const network = createTestNetwork();
    startAgent(network);
    const first = await session();
    grant(first, "L1", 0, 60_000);
    await eventually("sending", () => network.sent.length > 50);
    first.send({ $case: "pause", value: { campaign: "another", paused: true } });
    first.send({ $case: "pause", value: { campaign: PLAN.campaign, paused: true } });
    await sleep(100);
    const pausedAt = network.sent.length;
    await sleep(300);
    expect(network.sent.length).toBe(pausedAt);
    expect(lastMarks(first, "L1")?.sent).toBe(BigInt(pausedAt));
    first.send({ $case: "pause", value: { campaign: PLAN.campaign, paused: false } });
    await sleep(100);
    expect(network.sent.length).toBeGreaterThan(pausedAt);

    first.send({ $case: "pause", value: { campaign: PLAN.campaign, paused: true } });
    await sleep(100);
    const { address } = coordinator;
    await coordinator.stop();
    coordinator = await startCoordinator(broker.identity, portOf(address));
    await session();
    const stillPausedAt = network.sent.length;
    await eventually("sending again", () => network.sent.length > stillPausedAt);
  });

  test("started again, publishes what it finds in its spool and lists those leases until it is committed", async () => {
    const before = startAgent(createTestNetwork());
    const first = await session();
    grant(first, "L1", 0, 100);
    await eventually("done", () => lastMarks(first, "L1")?.done === 100n);
    await eventually("published", () => ingest.batches.length > 0);
    await before.stop();
    const published = ingest.batches.length;

    startAgent(createTestNetwork());
    const second = await session(1);
    expect(second.hello.instance).not.toBe(first.hello.instance);
    expect(second.hello.spool).toBe(first.hello.spool);
    const heartbeat = await eventually("a heartbeat", () => second.heartbeats[0]);
    expect(heartbeat.leases).toMatchObject([{ lease: "L1", epoch: 5n, committed: 0n }]);
    await eventually("published again", () => ingest.batches.length === 2 * published);
    expect(ingest.batches.slice(published).every(({ attempt }) => attempt > 1)).toBe(true);
    ingest.commitAll();
    await eventually("not listed any more", () => second.heartbeats.at(-1)?.leases.length === 0);
  });

  test("refuses a plan that its own file forbids, and says why", async () => {
    const network = createTestNetwork();
    startAgent(network, { open: ["203.0.113.0/24"] });
    const first = await session();
    grant(first, "L1", 0, 100);
    const refusal = await eventually("a refusal", () => first.refusals[0]);
    expect(refusal).toMatchObject({ lease: "L1", epoch: 5n });
    expect(refusal.reason).toMatch(/198\.18\.0\.0\/15 .*RFC 2544/);
    expect(network.sent).toEqual([]);
    await eventually("heartbeats without it", () => first.heartbeats.at(-1)?.leases.length === 0);
  });

  test("stops sending while its spool is full, says so, loses no row, and goes on when there is room", async () => {
    const network = createTestNetwork({ rowBytes: 1_000 });
    startAgent(network, { maxBytes: 60_000 });
    const first = await session();
    grant(first, "L1", 0, 1_200);
    await eventually("says so", () => first.heartbeats.at(-1)?.stats?.lastError.startsWith("spool: "));
    const stoppedAt = network.sent.length;
    await sleep(200);
    expect(network.sent.length).toBe(stoppedAt);
    expect(stoppedAt).toBeLessThan(1_200);
    ingest.commitAll();
    await eventually("committed", () => lastMarks(first, "L1")?.committed === 1_200n);
    const batches = new Map(ingest.batches.map((batch) => [batch.batch, batch.rows]));
    expect([...batches.values()].reduce((sum, rows) => sum + rows, 0)).toBe(300);
    expect(first.heartbeats.at(-1)?.stats?.lastError).toBe("");
  });

  test("goes on probing while the broker is away, and publishes everything once it is back", async () => {
    const network = createTestNetwork();
    startAgent(network);
    const first = await session();
    await ingest.stop();
    await broker.kill();
    grant(first, "L1", 0, 400);
    await eventually("done", () => lastMarks(first, "L1")?.done === 400n);
    await eventually("says so", () => first.heartbeats.at(-1)?.stats?.lastError.startsWith("broker: "));
    await broker.start();
    ingest = await startIngest(broker);
    ingest.commitAll();
    await eventually("committed", () => lastMarks(first, "L1")?.committed === 400n);
    await eventually("in order again", () => first.heartbeats.at(-1)?.stats?.lastError === "");
  });

  test("told to end, sends nothing more, puts its last rows into the spool and says how far it came", async () => {
    const network = createTestNetwork();
    const agent = startAgent(network);
    const first = await session();
    grant(first, "L1", 0, 60_000);
    await eventually("sending", () => network.sent.length > 100);
    await agent.stop();
    const sent = BigInt(network.sent.length);
    expect(lastMarks(first, "L1")).toMatchObject({ sent, done: sent });
    const rows = ingest.batches.reduce((sum, batch) => sum + batch.rows, 0);
    expect(rows).toBe(Math.ceil(Number(sent) / 4));
  });

  test("ends with one clear line when the coordinator is not the one that enrolled it", async () => {
    const stranger = await createTestIdentity();
    const { ended } = startAgent(createTestNetwork(), { identity: await stranger.enroll("fra-1", "fra") });
    const error = await ended.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    stranger.remove();
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({
      exitCode: 1,
      line: `the coordinator at ${coordinator.address} cannot be used: it is not the one that enrolled this agent: its certificate is of another authority; correct coordinator.address, or enrol this machine with a token of that coordinator`,
    });
  });

  test("ends when its version is too old, and keeps its spool", async () => {
    const before = startAgent(createTestNetwork());
    const first = await session();
    grant(first, "L1", 0, 100);
    await eventually("done", () => lastMarks(first, "L1")?.done === 100n);
    await before.stop();
    coordinator.refusal = { code: status.FAILED_PRECONDITION, details: "agent is 0.1.0; install 0.2.0" };
    await expect(startAgent(createTestNetwork()).ended).rejects.toThrow(/refuses this agent: agent is 0\.1\.0/);
    coordinator.refusal = null;
    startAgent(createTestNetwork());
    const again = await session(1);
    const heartbeat = await eventually("a heartbeat", () => again.heartbeats[0]);
    expect(heartbeat.leases.map(({ lease }) => lease)).toEqual(["L1"]);
  });
});
