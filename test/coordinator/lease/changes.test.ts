import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { applyChanges, encodeChange } from "../../../coordinator/lease/changes.js";
import { decodeSourceState, encodeSourceState } from "../../../coordinator/lease/codec.js";
import { transition } from "../../../coordinator/lease/machine.js";
import { type LeaseEvent, newSource, type SourceState } from "../../../coordinator/lease/state.js";

const TIMING = { leaseTtlMs: 15_000, goneAfterMs: 60_000 };

/** One event from one number, of any of three agents. */
function eventOf(state: SourceState, code: number, nowMs: number): LeaseEvent {
  const agent = `a${code % 3}`;
  const identity = { agent, instance: `${(code >>> 2) % 2}`, spool: `${(code >>> 3) % 2}` };
  const argument = code >>> 8;
  switch ((code >>> 4) % 8) {
    case 0:
    case 1:
      return {
        ...{ type: "request", ...identity, vantage: "v", size: 1 + (argument % 9), overrun: 2, packetsPerSecond: 1.5 },
        ...{ nowMs, wallMs: argument },
      } as LeaseEvent;
    case 2:
    case 3: {
      const marks = state.leases.of(agent).map(({ id, epoch, from, to }) => {
        const sent = from + (argument % (to - from + 1));
        return { lease: id, epoch, sent, done: sent, committed: from + (argument % (sent - from + 1)) };
      });
      return { type: "heartbeat", agent, instance: identity.instance, marks, first: argument % 9 === 0, nowMs };
    }
    case 4:
      return { type: "tick", nowMs };
    case 5:
      return { type: "hello", ...identity, nowMs };
    case 6:
      return { type: "coverage-saved", count: argument % (state.coverage.length + 1) };
    default:
      return argument % 5 === 0
        ? { type: "skip", vantage: "v", reason: "nobody can" }
        : { type: "retire", agent, nowMs };
  }
}

describe("the changes of a source's leases", () => {
  it("give the state again, from a base and whatever happened since, however many changes share a write", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 24 }), { maxLength: 60 }), fc.nat(3), (codes, base) => {
        let state = newSource("c/synscan/v4/80", 50);
        let saved = state;
        let texts = [encodeSourceState(state)];
        codes.forEach((code, i) => {
          state = transition(state, eventOf(state, code, i * 700), TIMING).state;
          if (code % 4 === base) {
            texts = [...texts, encodeChange(saved, state)];
            saved = state;
          }
        });

        const [first = "", ...changes] = texts;
        expect(sorted(applyChanges(decodeSourceState(first), changes))).toEqual(
          sorted(decodeSourceState(encodeSourceState(saved))),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it("are small beside the state", () => {
    let state = newSource("c/synscan/v4/80", 1_000_000);
    for (let i = 0; i < 1_000; i++) {
      state = transition(state, { ...REQUEST, agent: `a${i}` }, TIMING).state;
    }
    const after = transition(state, { ...REQUEST, agent: "one-more" }, TIMING).state;

    expect(encodeChange(state, after).length).toBeLessThan(encodeSourceState(after).length / 200);
  });
});

const REQUEST = {
  type: "request",
  agent: "",
  instance: "1",
  spool: "1",
  vantage: "v",
  size: 100,
  overrun: 2,
  packetsPerSecond: 1,
  nowMs: 0,
  wallMs: 0,
} as const;

/** Agents have no order among each other. */
function sorted(state: SourceState) {
  return { ...state, leases: [...state.leases].sort((a, b) => a.epoch - b.epoch) };
}
