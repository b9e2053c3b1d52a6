import { describe, expect, it } from "@jest/globals";
import { endCanaries } from "../../../coordinator/canary/ending.js";
import { transition } from "../../../coordinator/lease/machine.js";
import { type LeaseEvent, newSource } from "../../../coordinator/lease/state.js";

const TIMING = { leaseTtlMs: 100, goneAfterMs: 1_000_000 };

/** The machine of one source, without anything durable. */
function bookOf() {
  let state = newSource("c/canary/v4/80", 1_000);
  return {
    get state() {
      return state;
    },
    apply(event: LeaseEvent) {
      const result = transition(state, event, TIMING);
      state = result.state;
      return result.effects;
    },
  };
}

const REQUEST: LeaseEvent = {
  ...{ type: "request", agent: "fra-1", instance: "life-1", spool: "disk", vantage: "fra", size: 2, overrun: 0 },
  ...{ packetsPerSecond: 10, nowMs: 0, wallMs: 7 },
};
const heartbeat = (sent: number, done: number, committed: number): LeaseEvent => ({
  ...{ type: "heartbeat", agent: "fra-1", instance: "life-1", first: false, nowMs: 10 },
  marks: [{ lease: "c/canary/v4/80#7", epoch: 7, sent, done, committed }],
});

describe("the end of the canaries", () => {
  it("waits for a round that is under way, then for the store", () => {
    const book = bookOf();
    book.apply(REQUEST);
    const end = () => endCanaries([book]);
    expect(end()).toBe(false);
    book.apply(heartbeat(2, 2, 0));
    expect(end()).toBe(false);
    book.apply(heartbeat(2, 2, 2));
    expect(end()).toBe(false);
    expect(book.state.coverage).toMatchObject([{ kind: "asked", from: 0, to: 2 }]);
    book.apply({ type: "coverage-saved", count: 1 });

    expect(end()).toBe(true);
    expect(book.apply(REQUEST)).toEqual([]);
  });

  it("does not wait for rows that lie with an absent agent: what it had done is uncertain", () => {
    const book = bookOf();
    book.apply(REQUEST);
    book.apply(heartbeat(2, 1, 0));
    book.apply({ type: "tick", nowMs: 500 });
    const end = () => endCanaries([book]);
    expect(end()).toBe(false);

    expect(book.state.coverage.map(({ kind, from, to }) => [kind, from, to])).toEqual([
      ["uncertain", 1, 2],
      ["uncertain", 0, 1],
    ]);
    book.apply({ type: "coverage-saved", count: 2 });
    expect(end()).toBe(true);
  });
});
