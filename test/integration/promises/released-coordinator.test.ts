import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Grant, Heartbeat } from "../../../shared/generated/parallax/agent/v1/session.js";
import { RECORDING_FILE, readRecording } from "../../release/recording.js";
import { type CoordinatorBody, coordinatorBody, type Rewrite, withLaterFields } from "../../release/replay.js";
import { type ReplayedCoordinator, startReplayedCoordinator } from "../../release/replayed-coordinator.js";
import { startIngest, type TestIngest } from "../agent/ingest.js";
import { startSimAgent } from "../canary/sim-agent.js";
import { createSwitchedWorld } from "../canary/switched-world.js";
import { createTestBroker, type TestBroker } from "../publish/broker.js";

const WITHIN_MS = 30_000;
const asIs: Rewrite = (bytes) => bytes;
const everything = (body: CoordinatorBody): CoordinatorBody => body;

/** What the first coordinators did not say yet: a router's share of a trace's probes. */
function withoutLatest(body: CoordinatorBody): CoordinatorBody {
  return body.$case === "plan" ? { ...body, value: { ...body.value, routerPacketsPerSecond: 0 } } : body;
}

describe("a coordinator of the last release with this agent", () => {
  const recording = readRecording(RECORDING_FILE);
  const said = recording.messages
    .filter(({ from }) => from === "coordinator")
    .map(({ bytes }) => coordinatorBody(bytes));
  const grants = said.flatMap((body) => (body.$case === "grant" ? [body.value] : []));
  const revoked = new Set(said.flatMap((body) => (body.$case === "revoke" ? [body.value.lease] : [])));
  const whole = grants.filter(({ lease }) => !revoked.has(lease));
  let folder = "";
  let broker: TestBroker;
  let ingest: TestIngest;
  let coordinator: ReplayedCoordinator | null = null;
  let agent: { stop(): Promise<void> } | null = null;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "parallax-released-"));
    broker = await createTestBroker();
    await broker.start();
    ingest = await startIngest(broker);
    ingest.commitAll();
  });
  afterEach(async () => {
    await agent?.stop();
    await coordinator?.stop();
    await ingest.stop();
    await broker.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    { how: "as it was recorded", edit: everything, rewrite: asIs, withOptOuts: true },
    { how: "with fields that nobody knows", edit: everything, rewrite: withLaterFields, withOptOuts: true },
    { how: "without fields that came later", edit: withoutLatest, rewrite: asIs, withOptOuts: false },
  ])("gives leases that it works through to their end, $how", async ({ how, edit, rewrite, withOptOuts }) => {
    const messages = withOptOuts
      ? recording.messages
      : recording.messages.filter(({ from, bytes }) => from === "agent" || coordinatorBody(bytes).$case !== "optOuts");
    const { agent: identity, identity: authority, url } = broker;
    coordinator = await startReplayedCoordinator({
      recording: { ...recording, messages },
      tls: authority.tls,
      edit,
      rewrite,
    });
    const { received } = coordinator;
    const heartbeats = (): Heartbeat[] => received.flatMap((body) => (body.$case === "heartbeat" ? [body.value] : []));
    const reached = ({ lease, to }: Grant): boolean =>
      heartbeats().some(({ leases }) => leases.some((marks) => marks.lease === lease && marks.committed === to));
    const { world } = createSwitchedWorld([]);
    const { name, vantage } = identity;
    const where = { folder, agents: `127.0.0.1:${coordinator.port}`, broker: url };
    agent = startSimAgent({ ...where, identity, name, vantage, world });
    const isOver = (): boolean =>
      coordinator?.left === 0 && whole.every(reached) && heartbeats().at(-1)?.leases.length === 0;
    for (const end = Date.now() + WITHIN_MS; !isOver(); await sleep(20)) {
      if (Date.now() > end) {
        const last = JSON.stringify(heartbeats().at(-1), (_, value) =>
          typeof value === "bigint" ? Number(value) : value,
        );
        throw new Error(`${coordinator.left} messages are left; the agent's last heartbeat: ${last}`);
      }
    }

    expect(whole.length).toBeGreaterThan(0);
    expect(revoked.size).toBeGreaterThan(0);
    expect(received.filter(({ $case }) => $case === "refusal")).toEqual([]);
    expect(coordinator.sessions).toBe(1);
    expect(heartbeats().filter(({ stats }) => stats?.lastError !== "")).toEqual([]);
    const rows = (table: string): number =>
      ingest.batches.filter((batch) => batch.table === table).reduce((sum, batch) => sum + batch.rows, 0);
    const stages = new Map(said.flatMap((body) => (body.$case === "plan" ? [[body.value.plan, body.value]] : [])));
    for (const { plan, from, to } of whole) {
      const { stage = "", variants = [] } = stages.get(plan) ?? {};
      // Every host answers every probe; a trace has a hop at least for each.
      const least = Number(to - from) * variants.length;
      expect(rows(stage === "synscan" ? "syn_replies" : "trace_hops")).toBeGreaterThanOrEqual(least);
    }
    if (withOptOuts) expect(Math.max(...heartbeats().map(({ optOuts }) => Number(optOuts)))).toBe(1);
    process.stderr.write(
      `coordinator ${recording.version} ${how}: ${whole.length} leases worked through to their end, ` +
        `${rows("syn_replies")} answers and ${rows("trace_hops")} hops, ${revoked.size} leases given up, nothing refused\n`,
    );
  });
});
