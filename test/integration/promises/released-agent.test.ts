import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { RECORDING_FILE, readRecording } from "../../release/recording.js";
import {
  type AgentBody,
  type CoordinatorBody,
  keepsEverything,
  type Rewrite,
  withLaterFields,
} from "../../release/replay.js";
import { type ReplayedAgent, replayAgent } from "../../release/replayed-agent.js";
import { type Scenario, startScenario } from "../../release/scenario.js";
import { askedOf, endOf } from "../campaign/memory-store.js";
import { createTestBroker, type TestBroker } from "../publish/broker.js";

const AWAITED = ["welcome", "ack", "plan", "grant", "revoke", "pause", "optOuts"] as const;
const asIs: Rewrite = (bytes) => bytes;
const everything = (body: AgentBody): AgentBody => body;

/** What the first agents did not know yet: spools with names, their clock, opt-outs, early ends. */
function withoutLatest(body: AgentBody): AgentBody {
  if (body.$case === "hello") {
    const { clockMs, ...hello } = body.value;
    return { ...body, value: { ...hello, spool: "", optOuts: "", yields: false } };
  }
  return body.$case === "heartbeat" ? { ...body, value: { ...body.value, optOuts: 0n } } : body;
}

describe("an agent of the last release with this coordinator", () => {
  const recording = readRecording(RECORDING_FILE);
  let broker: TestBroker;
  let scenario: Scenario | null = null;
  let agent: ReplayedAgent | null = null;
  beforeEach(async () => {
    broker = await createTestBroker();
    await broker.start();
  });
  afterEach(async () => {
    agent?.close();
    await scenario?.stop();
    await broker.remove();
  });

  it("says nothing that this version would not understand", () => {
    expect(recording.messages.filter((message) => !keepsEverything(message))).toEqual([]);
  });

  it.each([
    { how: "as it was recorded", edit: everything, rewrite: asIs, optOuts: true },
    { how: "with fields that nobody knows", edit: everything, rewrite: withLaterFields, optOuts: true },
    { how: "without fields that came later", edit: withoutLatest, rewrite: asIs, optOuts: false },
  ])("works through its leases to their end, $how", async ({ how, edit, rewrite, optOuts }) => {
    const { agent: identity } = broker;
    scenario = await startScenario(broker, identity.name, optOuts);
    const { coordinator, memory } = scenario;
    agent = replayAgent({
      ...{ recording, identity, edit, rewrite, coordinator: `127.0.0.1:${coordinator.server.port}` },
      awaited: AWAITED.filter((kind) => optOuts || kind !== "optOuts"),
    });
    const { finished, cancelled } = await Promise.race([
      scenario.run(),
      agent.done.then(() => new Promise<never>(() => undefined)),
    ]);
    await agent.done;

    expect(finished).toMatchObject({ state: "finished", error: "", notes: [] });
    expect(cancelled).toMatchObject({ state: "cancelled", error: "" });
    expect(finished.sources.map(({ source, size, committed }) => [source, size, committed])).toEqual([
      ["synscan/v4/80", 16 - (optOuts ? 1 : 0), 16 - (optOuts ? 1 : 0)],
      ["tracebox/v4/80/fra", 5, 5],
    ]);
    for (const { source, size } of finished.sources) {
      expect(endOf(askedOf(memory, finished.id, source))).toBe(size);
    }
    expect(broker.identity.refusals).toEqual([]);
    const told = <K extends CoordinatorBody["$case"]>(kind: K) =>
      (agent?.received ?? []).filter((body): body is Extract<CoordinatorBody, { $case: K }> => body.$case === kind);
    // What the cancelled campaign had given out, and nothing else.
    const revoked = told("revoke").map(({ value }) => value.lease);
    expect(revoked.length).toBeGreaterThan(0);
    for (const lease of revoked) expect(lease.startsWith(`${cancelled.id}/`)).toBe(true);
    process.stderr.write(
      `agent ${recording.version} ${how}: ${told("grant").length} leases granted, ${finished.sources.reduce((sum, { committed }) => sum + committed, 0)} targets committed, ` +
        `${revoked.length} revoked by a cancel, nothing refused\n`,
    );
  });
});
