import type { LeaseMarks } from "../../shared/lease/work.js";
import { addInterval, takeFirst, takeFrom } from "./intervals.js";
import type { Lease } from "./lease.js";
import type { CoverageInterval, LeaseEffect, LeaseEvent, LeaseTiming, SourceState, Transition } from "./state.js";
import { LeaseTable } from "./table.js";

type Of<T extends LeaseEvent["type"]> = Extract<LeaseEvent, { type: T }>;

/**
 * The lease machine of one target source: state and event in, state and effects out. Promises, whatever the order of
 * events: every index is at any time free, in exactly one lease or finished; no index may be sent under two leases;
 * an index becomes finished only when its rows are committed; epochs increase, also when the wall clock goes back.
 */
export function transition(state: SourceState, event: LeaseEvent, timing: LeaseTiming): Transition {
  switch (event.type) {
    case "request":
      return grant(state, event, timing);
    case "heartbeat":
      return heartbeat(state, event, timing);
    case "hello":
      return hello(state, event, timing);
    case "tick":
      return tick(state, event.nowMs, timing);
    case "retire": {
      const taken = endWhere(state, (lease) => lease.agent === event.agent, "retired", event.nowMs, timing);
      return { ...taken, state: loseSpool(taken.state, (lease) => lease.agent === event.agent, "agent retired") };
    }
    case "refusal":
      return refuse(state, event, timing);
    case "skip":
      return skip(state, event);
    case "withdrawn":
      return withdraw(state, event);
    case "cancel":
      return cancel(state);
    case "coverage-saved":
      return { state: { ...state, coverage: state.coverage.slice(event.count) }, effects: [] };
  }
}

function grant(state: SourceState, event: Of<"request">, timing: LeaseTiming): Transition {
  const part =
    event.from === undefined ? takeFirst(state.free, event.size) : takeFrom(state.free, event.from, event.size);
  if (part === null) {
    return { state, effects: [] };
  }
  const { from, to } = part.taken;
  const epoch = Math.max(state.epoch + 1, event.wallMs);
  const { agent, instance, spool, vantage, overrun, packetsPerSecond } = event;
  const lease: Lease = {
    phase: "active",
    id: `${state.plan}#${epoch}`,
    epoch,
    agent,
    instance,
    spool,
    vantage,
    from,
    to,
    sent: from,
    done: from,
    committed: from,
    overrun,
    packetsPerSecond,
    deadlineMs: event.nowMs + timing.leaseTtlMs,
    heard: true,
  };
  return {
    state: { ...state, epoch, free: part.rest, leases: state.leases.with(lease) },
    effects: [{ type: "granted", lease }],
  };
}

function heartbeat(state: SourceState, event: Of<"heartbeat">, timing: LeaseTiming): Transition {
  const listed = new Map(event.marks.map((marks) => [marks.lease, marks]));
  const effects: LeaseEffect[] = [];
  const known = new Set<string>();
  let next = state;
  for (const lease of state.leases.of(event.agent)) {
    const marks = listed.get(lease.id);
    if (marks !== undefined && marks.epoch === lease.epoch) {
      known.add(lease.id);
      next = withMarks(next, lease, marks, event, timing);
      if (lease.phase === "awaiting") {
        effects.push(revocation(lease, "taken back"));
      }
    } else if (lease.phase === "awaiting") {
      // Whatever was done was in the spool before it was reported; no longer listed, it is committed.
      next = finish(next, lease);
    } else if (event.first && lease.instance === event.instance) {
      next = finishIfAwaiting(takeBack(next, lease, "grant lost", event.nowMs, timing), lease);
    }
  }
  for (const marks of event.marks) {
    if (!known.has(marks.lease)) {
      effects.push({
        type: "revoked",
        agent: event.agent,
        lease: marks.lease,
        epoch: marks.epoch,
        reason: "not leased to this agent",
      });
    }
  }
  return { state: next, effects };
}

/** Marks never go back, and those of an ended lease only tell what is committed. */
function withMarks(
  state: SourceState,
  lease: Lease,
  marks: LeaseMarks,
  event: Of<"heartbeat">,
  timing: LeaseTiming,
): SourceState {
  const within = (mark: number, low: number, high: number) => Math.min(Math.max(mark, low), high);
  let updated: Lease;
  if (lease.phase === "active" && lease.instance === event.instance) {
    const sent = within(Math.max(marks.sent, marks.done, marks.committed), lease.sent, lease.to);
    const done = within(Math.max(marks.done, marks.committed), lease.done, sent);
    const committed = within(marks.committed, lease.committed, done);
    updated = { ...lease, sent, done, committed, deadlineMs: event.nowMs + timing.leaseTtlMs, heard: true };
    if (marks.endsAt !== undefined && marks.endsAt < lease.to) {
      return endEarly(state, updated, within(marks.endsAt, done, lease.to));
    }
  } else {
    const committed = within(marks.committed, lease.committed, lease.done);
    updated = { ...lease, committed, deadlineMs: Math.max(lease.deadlineMs, event.nowMs + timing.goneAfterMs) };
  }
  return updated.committed === updated.to ? finish(state, updated) : replace(state, updated);
}

function hello(state: SourceState, event: Of<"hello">, timing: LeaseTiming): Transition {
  const earlier = (lease: Lease) => lease.agent === event.agent && lease.instance !== event.instance;
  const taken = endWhere(forgetRefusal(state, event), earlier, "agent restarted", event.nowMs, timing);
  const otherSpool = (lease: Lease) =>
    earlier(lease) && lease.spool !== "" && event.spool !== "" && lease.spool !== event.spool;
  // The old process is gone, so there is nobody to tell.
  return { state: loseSpool(taken.state, otherSpool, "agent came back without its spool"), effects: [] };
}

function forgetRefusal(state: SourceState, { agent, instance }: Of<"hello">): SourceState {
  const { [agent]: refusal, ...others } = state.refusals;
  return refusal === undefined || refusal.instance === instance ? state : { ...state, refusals: others };
}

function tick(state: SourceState, nowMs: number, timing: LeaseTiming): Transition {
  const overdue = (lease: Lease) => lease.deadlineMs <= nowMs;
  const lost = loseSpool(state, overdue, "agent gone for good");
  return endWhere(lost, overdue, "expired", nowMs, timing);
}

function refuse(state: SourceState, event: Of<"refusal">, timing: LeaseTiming): Transition {
  const lease = state.leases.find(event.agent, event.lease);
  if (lease?.phase !== "active" || lease.epoch !== event.epoch) {
    return { state, effects: [] };
  }
  const refusals = { ...state.refusals, [event.agent]: { instance: lease.instance, reason: event.reason } };
  return { state: { ...takeBack(state, lease, "refused", event.nowMs, timing), refusals }, effects: [] };
}

function skip(state: SourceState, { vantage, reason }: Of<"skip">): Transition {
  const { free, epoch } = state;
  const coverage = free.map(
    ({ from, to }) => ({ kind: "skipped", from, to, vantage, agent: "", epoch, reason }) as const,
  );
  return {
    state: {
      ...state,
      free: [],
      skipped: free.reduce(addInterval, state.skipped),
      coverage: [...state.coverage, ...coverage],
    },
    effects: [],
  };
}

function withdraw(state: SourceState, { agent, lease: id }: Of<"withdrawn">): Transition {
  const lease = state.leases.find(agent, id);
  if (lease?.phase !== "active") {
    return { state, effects: [] };
  }
  return {
    state: { ...state, leases: state.leases.without(lease), free: addInterval(state.free, lease) },
    effects: [],
  };
}

function cancel(state: SourceState): Transition {
  const active = state.leases.filter((lease) => lease.phase === "active");
  const coverage = [...state.leases].flatMap((lease) => [
    ...covered(lease, "asked", lease.from, lease.committed),
    ...covered(lease, "uncertain", lease.committed, reach(lease), "cancelled"),
  ]);
  return {
    state: { ...state, free: [], leases: LeaseTable.from([]), coverage: [...state.coverage, ...coverage] },
    effects: active.map((lease) => revocation(lease, "campaign cancelled")),
  };
}

function endWhere(
  state: SourceState,
  which: (lease: Lease) => boolean,
  reason: string,
  nowMs: number,
  timing: LeaseTiming,
): Transition {
  const ended = state.leases.filter((lease) => lease.phase === "active" && which(lease));
  return {
    state: ended.reduce((next, lease) => takeBack(next, lease, reason, nowMs, timing), state),
    effects: ended.map((lease) => revocation(lease, reason)),
  };
}

/** The agent has given up what lies beyond `end`, and has sent nothing beyond its `sent` mark. */
function endEarly(state: SourceState, lease: Lease, end: number): SourceState {
  const rest: Lease = { ...lease, to: end, sent: Math.min(lease.sent, end) };
  const freed = {
    ...state,
    free: addInterval(state.free, { from: end, to: lease.to }),
    coverage: [...state.coverage, ...covered(lease, "uncertain", end, lease.sent, "yielded")],
  };
  return rest.committed === end ? finish(freed, rest) : replace(freed, rest);
}

/** Frees an active lease from its `done` mark; what was done before stays the agent's until it is committed. */
function takeBack(state: SourceState, lease: Lease, reason: string, nowMs: number, timing: LeaseTiming): SourceState {
  const freed = {
    ...state,
    free: addInterval(state.free, { from: lease.done, to: lease.to }),
    coverage: [...state.coverage, ...covered(lease, "uncertain", lease.done, reach(lease), reason)],
  };
  const deadlineMs = nowMs + timing.goneAfterMs;
  const rest: Lease = { ...lease, phase: "awaiting", to: lease.done, sent: lease.done, deadlineMs };
  return rest.committed === rest.to ? finish(freed, rest) : replace(freed, rest);
}

/** Frees what the ended leases chosen by `which` had not committed: their rows will never come. */
function loseSpool(state: SourceState, which: (lease: Lease) => boolean, reason: string): SourceState {
  let next = state;
  for (const lease of state.leases.filter((candidate) => candidate.phase === "awaiting" && which(candidate))) {
    const free = addInterval(next.free, { from: lease.committed, to: lease.to });
    const coverage = [...next.coverage, ...covered(lease, "uncertain", lease.committed, lease.to, reason)];
    next = finish({ ...next, free, coverage }, { ...lease, to: lease.committed });
  }
  return next;
}

/** Ends a lease whose `[from, to)` is committed. */
function finish(state: SourceState, lease: Lease): SourceState {
  return {
    ...state,
    leases: state.leases.without(lease),
    finished: addInterval(state.finished, { from: lease.from, to: lease.to }),
    coverage: [...state.coverage, ...covered(lease, "asked", lease.from, lease.to)],
  };
}

function finishIfAwaiting(state: SourceState, { agent, id }: Lease): SourceState {
  const lease = state.leases.find(agent, id);
  return lease === undefined ? state : finish(state, lease);
}

function replace(state: SourceState, lease: Lease): SourceState {
  return { ...state, leases: state.leases.with(lease) };
}

/** Everything below may have been sent. */
function reach(lease: Lease): number {
  return lease.phase === "active" && lease.heard ? Math.min(lease.to, lease.sent + lease.overrun) : lease.to;
}

function covered(
  lease: Lease,
  kind: CoverageInterval["kind"],
  from: number,
  to: number,
  reason = "",
): CoverageInterval[] {
  const { vantage, agent, epoch } = lease;
  return from < to ? [{ kind, from, to, vantage, agent, epoch, reason }] : [];
}

function revocation(lease: Lease, reason: string): LeaseEffect {
  return { type: "revoked", agent: lease.agent, lease: lease.id, epoch: lease.epoch, reason };
}
