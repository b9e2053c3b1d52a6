import { describe, expect, it } from "@jest/globals";
import { decodeSourceState, encodeSourceState, restartDeadlines } from "../../../coordinator/lease/codec.js";
import { transition } from "../../../coordinator/lease/machine.js";
import {
  isComplete,
  type LeaseEvent,
  newSource,
  type SourceState,
  type Transition,
} from "../../../coordinator/lease/state.js";
import type { LeaseMarks } from "../../../shared/lease/work.js";

const TIMING = { leaseTtlMs: 15_000, goneAfterMs: 86_400_000 };
const PLAN = "weekly/synscan/v4/80";

function run(state: SourceState, ...events: LeaseEvent[]): Transition {
  return events.reduce<Transition>(
    (result, event) => {
      const next = transition(result.state, event, TIMING);
      return { state: next.state, effects: [...result.effects, ...next.effects] };
    },
    { state, effects: [] },
  );
}

function request(change: Partial<Extract<LeaseEvent, { type: "request" }>> = {}): LeaseEvent {
  return {
    type: "request",
    agent: "fra-1",
    instance: "life-1",
    spool: "disk-1",
    vantage: "fra",
    size: 100,
    overrun: 5,
    packetsPerSecond: 1_000,
    nowMs: 0,
    wallMs: 500,
    ...change,
  };
}

function heartbeat(
  marks: readonly LeaseMarks[],
  change: Partial<Extract<LeaseEvent, { type: "heartbeat" }>> = {},
): LeaseEvent {
  return { type: "heartbeat", agent: "fra-1", instance: "life-1", marks, first: false, nowMs: 1_000, ...change };
}

const LEASE = `${PLAN}#500`;
const marks = (sent: number, done: number, committed: number): LeaseMarks => ({
  lease: LEASE,
  epoch: 500,
  sent,
  done,
  committed,
});

describe("the lease machine, event by event", () => {
  it("cuts leases from the lowest free indices, with rising epochs even when the wall clock goes back", () => {
    const { state, effects } = run(newSource(PLAN, 250), request(), request({ wallMs: 3 }), request({ wallMs: 900 }));

    const granted = effects.flatMap((effect) => (effect.type === "granted" ? [effect.lease] : []));
    expect(granted.map(({ from, to, epoch }) => [from, to, epoch])).toEqual([
      [0, 100, 500],
      [100, 200, 501],
      [200, 250, 900],
    ]);
    expect(state.free).toEqual([]);
    expect(run(state, request()).effects).toEqual([]);
  });

  it("finishes a lease when all of it is committed, and records it as asked", () => {
    const { state } = run(
      newSource(PLAN, 100),
      request(),
      heartbeat([marks(100, 80, 40)]),
      heartbeat([marks(100, 100, 100)]),
    );

    expect([...state.leases]).toEqual([]);
    expect(state.finished).toEqual([{ from: 0, to: 100 }]);
    expect(state.coverage).toEqual([
      { kind: "asked", from: 0, to: 100, vantage: "fra", agent: "fra-1", epoch: 500, reason: "" },
    ]);
  });

  it("never moves a mark back and keeps the marks in order", () => {
    const { state } = run(
      newSource(PLAN, 100),
      request(),
      heartbeat([marks(50, 40, 30)]),
      heartbeat([marks(45, 60, 20)]),
    );

    expect([...state.leases]).toMatchObject([{ sent: 60, done: 60, committed: 30 }]);
  });

  it("keeps a lease that is listed and expires one that is not, from its done mark", () => {
    const kept = run(newSource(PLAN, 100), request(), heartbeat([marks(50, 40, 30)], { nowMs: 14_000 }), {
      type: "tick",
      nowMs: 28_999,
    });
    expect([...kept.state.leases]).toMatchObject([{ phase: "active" }]);

    const { state, effects } = run(kept.state, { type: "tick", nowMs: 29_000 });
    expect(state.free).toEqual([{ from: 40, to: 100 }]);
    expect([...state.leases]).toMatchObject([{ phase: "awaiting", from: 0, to: 40, committed: 30 }]);
    expect(effects).toEqual([{ type: "revoked", agent: "fra-1", lease: LEASE, epoch: 500, reason: "expired" }]);
    expect(state.coverage).toEqual([
      { kind: "uncertain", from: 40, to: 55, vantage: "fra", agent: "fra-1", epoch: 500, reason: "expired" },
    ]);
  });

  it("takes an agent's leases back as soon as a new process of it says hello, and waits for what is in its spool", () => {
    const before = run(newSource(PLAN, 100), request(), heartbeat([marks(50, 40, 30)])).state;
    const hello: LeaseEvent = { type: "hello", agent: "fra-1", instance: "life-2", spool: "disk-1", nowMs: 2_000 };

    const { state } = run(before, hello);
    expect(state.free).toEqual([{ from: 40, to: 100 }]);
    expect([...state.leases]).toMatchObject([{ phase: "awaiting", to: 40 }]);

    const listed = run(state, heartbeat([marks(0, 0, 0)], { instance: "life-2" }));
    expect([...listed.state.leases]).toMatchObject([{ phase: "awaiting", to: 40, committed: 30 }]);

    const drained = run(listed.state, heartbeat([], { instance: "life-2" }));
    expect([...drained.state.leases]).toEqual([]);
    expect(drained.state.finished).toEqual([{ from: 0, to: 40 }]);
  });

  it("asks again what was not committed when an agent comes back with another spool", () => {
    const before = run(newSource(PLAN, 100), request(), heartbeat([marks(50, 40, 30)])).state;
    const { state } = run(before, { type: "hello", agent: "fra-1", instance: "life-2", spool: "disk-2", nowMs: 2_000 });

    expect([...state.leases]).toEqual([]);
    expect(state.finished).toEqual([{ from: 0, to: 30 }]);
    expect(state.free).toEqual([{ from: 30, to: 100 }]);
    expect(state.coverage.filter((row) => row.kind === "uncertain").map(({ from, to }) => [from, to])).toEqual([
      [40, 55],
      [30, 40],
    ]);
  });

  it.each<[string, LeaseEvent]>([
    ["is retired", { type: "retire", agent: "fra-1", nowMs: 20_000 }],
    ["was away for a day", { type: "tick", nowMs: 15_000 + TIMING.goneAfterMs }],
  ])("asks again what was not committed when an agent %s", (_, event) => {
    const { state } = run(
      newSource(PLAN, 100),
      request(),
      heartbeat([marks(50, 40, 30)], { nowMs: 0 }),
      { type: "tick", nowMs: 15_000 },
      event,
    );

    expect([...state.leases]).toEqual([]);
    expect(state.free).toEqual([{ from: 30, to: 100 }]);
  });

  it("takes back a grant that the first heartbeat of a new session does not list, but none granted in the session", () => {
    const { state } = run(newSource(PLAN, 100), request(), heartbeat([], { first: false }));
    expect([...state.leases]).toHaveLength(1);

    const reconnected = run(state, heartbeat([], { first: true })).state;
    expect([...reconnected.leases]).toEqual([]);
    expect(reconnected.free).toEqual([{ from: 0, to: 100 }]);
  });

  it("tells an agent to stop what is not, or no longer, leased to it", () => {
    const { state } = run(newSource(PLAN, 100), request(), heartbeat([marks(50, 40, 30)]), {
      type: "tick",
      nowMs: 16_000,
    });

    const late = run(state, heartbeat([marks(90, 80, 35), { ...marks(9, 9, 9), lease: `${PLAN}#7`, epoch: 7 }]));
    expect(late.effects).toMatchObject([
      { type: "revoked", lease: LEASE, epoch: 500 },
      { type: "revoked", lease: `${PLAN}#7`, epoch: 7 },
    ]);
    expect([...late.state.leases]).toMatchObject([{ phase: "awaiting", to: 40, done: 40, committed: 35 }]);
  });

  it("takes a source away from an agent that refuses it, until its next life", () => {
    const refusal: LeaseEvent = {
      type: "refusal",
      agent: "fra-1",
      lease: LEASE,
      epoch: 500,
      reason: "not mine",
      nowMs: 9,
    };
    const { state } = run(newSource(PLAN, 100), request(), refusal);
    expect(state.free).toEqual([{ from: 0, to: 100 }]);
    expect(state.refusals).toEqual({ "fra-1": { instance: "life-1", reason: "not mine" } });

    const hello: LeaseEvent = { type: "hello", agent: "fra-1", instance: "life-1", spool: "disk-1", nowMs: 10 };
    expect(run(state, hello).state.refusals).toHaveProperty("fra-1");
    expect(run(state, { ...hello, instance: "life-2" }).state.refusals).toEqual({});
  });

  it("leaves out what is free where nobody can ask it, says why, and keeps what is leased and done", () => {
    const skip: LeaseEvent = { type: "skip", vantage: "fra", reason: "fra-1 refuses: no" };
    const { state, effects } = run(newSource(PLAN, 200), request(), skip);

    expect(state).toMatchObject({ free: [], skipped: [{ from: 100, to: 200 }] });
    expect([...state.leases]).toMatchObject([{ from: 0, to: 100 }]);
    expect(state.coverage).toEqual([
      { kind: "skipped", from: 100, to: 200, vantage: "fra", agent: "", epoch: 500, reason: "fra-1 refuses: no" },
    ]);
    expect(effects).toMatchObject([{ type: "granted" }]);
    const done = run(state, heartbeat([marks(100, 100, 100)]), { type: "coverage-saved", count: 2 });
    expect(isComplete(done.state)).toBe(true);
  });

  it("makes as if a grant that was not sent had never been, except for its epoch", () => {
    const { state } = run(newSource(PLAN, 100), request(), { type: "withdrawn", agent: "fra-1", lease: LEASE });

    expect(state).toEqual({ ...newSource(PLAN, 100), epoch: 500 });
  });

  it("counts all of a lease as possibly sent when its agent was not heard since the coordinator started again", () => {
    const before = run(newSource(PLAN, 100), request(), heartbeat([marks(50, 40, 30)])).state;
    const restarted = restartDeadlines(decodeSourceState(encodeSourceState(before)), 2_000, TIMING);

    const silent = run(restarted, { type: "tick", nowMs: 17_000 });
    expect(silent.state.coverage.map(({ kind, from, to }) => [kind, from, to])).toEqual([["uncertain", 40, 100]]);

    const heard = run(restarted, heartbeat([marks(60, 45, 30)], { nowMs: 3_000 }), { type: "tick", nowMs: 18_000 });
    expect(heard.state.coverage.map(({ kind, from, to }) => [kind, from, to])).toEqual([["uncertain", 45, 65]]);
  });

  it("frees what an agent gives up, records what it had sent of that, and goes on with the rest", () => {
    const yielded = { ...marks(50, 40, 30), endsAt: 40 };
    const { state } = run(newSource(PLAN, 100), request(), heartbeat([marks(50, 35, 30)]), heartbeat([yielded]));

    expect(state.free).toEqual([{ from: 40, to: 100 }]);
    expect([...state.leases]).toMatchObject([{ phase: "active", to: 40, sent: 40, done: 40, committed: 30 }]);
    expect(state.coverage).toMatchObject([{ kind: "uncertain", from: 40, to: 50, reason: "yielded" }]);

    const over = run(state, heartbeat([{ ...yielded, committed: 40 }])).state;
    expect([...over.leases]).toEqual([]);
    expect(over.finished).toEqual([{ from: 0, to: 40 }]);
  });

  it("does not believe an agent that gives up what it has done, or another's lease", () => {
    const low = run(newSource(PLAN, 100), request(), heartbeat([{ ...marks(50, 40, 30), endsAt: 3 }])).state;
    expect([...low.leases]).toMatchObject([{ to: 40, done: 40 }]);

    const thief = heartbeat([{ ...marks(50, 40, 30), endsAt: 40 }], { agent: "sin-1" });
    expect([...run(newSource(PLAN, 100), request(), thief).state.leases]).toMatchObject([{ to: 100 }]);
  });

  it("ends everything on cancel and says what was asked and what may have been", () => {
    const { state, effects } = run(newSource(PLAN, 200), request(), heartbeat([marks(50, 40, 30)]), { type: "cancel" });

    expect(state.free).toEqual([]);
    expect([...state.leases]).toEqual([]);
    expect(state.coverage.map(({ kind, from, to }) => [kind, from, to])).toEqual([
      ["asked", 0, 30],
      ["uncertain", 30, 55],
    ]);
    expect(effects).toMatchObject([{ type: "granted" }, { type: "revoked", lease: LEASE }]);
  });
});
