import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import pino from "pino";
import type { AgentIdentity } from "../../../agent/identity/identity.js";
import { reachCoordinator } from "../../../agent/session/reach.js";
import { createSession, type Session } from "../../../agent/session/session.js";
import { createFleet, type Fleet } from "../../../coordinator/session/fleet.js";
import { type SessionServer, startSessionServer } from "../../../coordinator/session/server.js";
import type { WorkGrant, WorkPlan } from "../../../shared/lease/work.js";
import { createTestIdentity, type TestIdentity } from "../support/identity.js";

const PLAN: WorkPlan = {
  plan: "c1/tracebox/v6/443",
  campaign: "c1",
  stage: "tracebox",
  secret: Uint8Array.from({ length: 16 }, (_, i) => i),
  ports: [443],
  variants: ["v0", "unknown-option"],
  options: "linux",
  packetsPerSecond: 123,
  retries: 2,
  replyWindowMs: 900,
  maxTtl: 30,
  perPrefix: null,
  routerPacketsPerSecond: null,
  timing: null,
  source: { kind: "list", size: 9_007_199_254_740_991 },
};
const GRANT: WorkGrant = {
  lease: "c1/tracebox/v6/443#1700000000000",
  epoch: 1_700_000_000_000,
  plan: PLAN.plan,
  from: 9_007_199_254_740_000,
  to: 9_007_199_254_740_002,
  targets: [
    { address: Uint8Array.from([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]), port: 443 },
    { address: Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 198, 18, 0, 1]), port: 443 },
  ],
};

let identity: TestIdentity;
let enrolled: AgentIdentity;
let fleet: Fleet;
let server: SessionServer;
const sessions: Session[] = [];

beforeAll(async () => {
  identity = await createTestIdentity();
  enrolled = await identity.enroll("fra-1", "fra");
});
afterAll(() => identity.remove());

beforeEach(async () => {
  fleet = createFleet({
    clock: { wallMs: Date.now, monotonicMs: () => performance.now() },
    timing: { heartbeatIntervalMs: 50, leaseTtlMs: 1_000, stopAfterMs: 600 },
    versions: { coordinator: "0.1.0", oldestAgent: "0.1.0" },
  });
  server = await startSessionServer({ ...identity.server, fleet, log: pino({ level: "silent" }) });
});
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close(100)));
  await server.stop();
});

function connect(hello: { agent?: string; version?: string; instance?: string } = {}) {
  const seen = { plans: [] as WorkPlan[], grants: [] as WorkGrant[], revoked: [] as string[], acknowledged: 0 };
  const session = createSession({
    address: `127.0.0.1:${server.port}`,
    identity: () => enrolled,
    nowMs: () => performance.now(),
    wallMs: Date.now,
    random: Math.random,
    mostBackoffMs: 200,
    hello: {
      agent: "fra-1",
      vantage: "fra",
      labels: { web: "80" },
      version: "0.1.0",
      instance: "i1",
      spool: "s1",
      ipv4: true,
      ipv6: true,
      maxPps: 1_000,
      yields: true,
      selfTests: false,
      referenceAddresses: [],
      opened: ["198.18.0.0/15"],
      ...hello,
    },
    handlers: {
      welcome: () => undefined,
      plan: (plan) => seen.plans.push(plan),
      grant: (grant) => seen.grants.push(grant),
      yield: () => undefined,
      pause: () => undefined,
      heldOptOuts: () => "",
      optOuts: () => undefined,
      revoke: (lease, reason) => seen.revoked.push(`${lease}: ${reason}`),
      heartbeat: () => ({
        optOuts: 0,
        leases: [{ lease: GRANT.lease, epoch: GRANT.epoch, sent: GRANT.to, done: GRANT.from, committed: GRANT.from }],
        stats: {
          packetsSent: 7,
          replies: 3,
          kernelDrops: 0,
          sendErrors: 0,
          packetsPerSecond: 5,
          spoolBytes: 100,
          lastError: "none",
        },
      }),
      acknowledged: (sequence) => {
        seen.acknowledged = sequence;
      },
      disconnected: () => undefined,
      problem: (line) => {
        throw new Error(line);
      },
    },
  });
  sessions.push(session);
  return { session, seen };
}

async function eventually(what: string, look: () => boolean): Promise<void> {
  for (const until = performance.now() + 5_000; performance.now() < until; await sleep(10)) {
    if (look()) {
      return;
    }
  }
  throw new Error(`never: ${what}`);
}

describe("the agent's session with the coordinator's own server", () => {
  test("carries identity, marks and figures there, and plans, grants and revocations back, unchanged", async () => {
    const heard: unknown[] = [];
    fleet.listen({
      joined: () => undefined,
      heartbeat(agent, heartbeat, first) {
        heard.push(heartbeat.leases);
        if (first) {
          agent.sendGrant(PLAN, GRANT);
          agent.sendRevoke({ lease: "other", epoch: 3, reason: "expired" });
        }
      },
      refused: (_agent, refusal) => heard.push(refusal),
    });
    const { session, seen } = connect();
    await eventually("granted", () => seen.grants.length > 0 && seen.revoked.length > 0);
    expect(seen.plans).toEqual([PLAN]);
    expect(seen.grants).toEqual([GRANT]);
    expect(seen.revoked).toEqual(["other: expired"]);
    expect(heard[0]).toEqual([
      { lease: GRANT.lease, epoch: GRANT.epoch, sent: GRANT.to, done: GRANT.from, committed: GRANT.from },
    ]);
    expect(fleet.list()).toMatchObject([
      { agent: "fra-1", spool: "s1", opened: ["198.18.0.0/15"], stats: { packetsSent: 7, lastError: "none" } },
    ]);
    session.refuse({ lease: GRANT.lease, epoch: GRANT.epoch }, "not here");
    await eventually("refused", () => heard.some((one) => typeof one === "object" && one !== null && "reason" in one));
    expect(heard.at(-1)).toBeDefined();
  });

  test("ends when the coordinator asks for a newer agent, with its remedy", async () => {
    await expect(connect({ version: "0.0.9" }).session.ended).rejects.toMatchObject({
      message: expect.stringMatching(/0\.0\.9.*takes 0\.1\.0 or newer/),
      remedy: "update parallax-agent on that machine",
    });
  });

  test("waits while another process has its name, and takes over when that one has gone", async () => {
    const first = connect({ instance: "one" });
    await eventually("connected", () => first.seen.acknowledged > 1);
    const second = connect({ instance: "two" });
    await sleep(300);
    expect(second.seen.acknowledged).toBe(0);
    await first.session.close(100);
    await eventually("taken over", () => second.seen.acknowledged > 1);
  });

  test("can be looked at by the doctor without becoming an agent", async () => {
    const address = `127.0.0.1:${server.port}`;
    await reachCoordinator(address, enrolled, 2_000);
    expect(fleet.list()).toEqual([]);
    const revoked = await identity.enroll("fra-2", "fra");
    identity.desk.revoke("fra-2");
    await expect(reachCoordinator(address, revoked, 2_000)).rejects.toThrow(
      /refuses this agent: agent fra-2 was revoked/,
    );
    await server.stop();
    await expect(reachCoordinator(address, enrolled, 300)).rejects.toThrow(/cannot be reached/);
  });
});
