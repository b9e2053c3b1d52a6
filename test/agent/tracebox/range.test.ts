import { describe, expect, it } from "@jest/globals";
import { nextTtls, type TraceLimits, type TraceState } from "../../../agent/tracebox/range.js";
import { hasTtl, highBit, lowBit, type TtlSet } from "../../../agent/tracebox/ttl-set.js";

function setOf(ttls: readonly number[]): TtlSet {
  return {
    low: ttls.reduce((all, ttl) => all | lowBit(ttl), 0),
    high: ttls.reduce((all, ttl) => all | highBit(ttl), 0),
  };
}

function upTo(last: number, from = 1): number[] {
  return Array.from({ length: Math.max(0, last - from + 1) }, (_, i) => from + i);
}

interface Known extends Partial<Omit<TraceState, "sent" | "answered">> {
  readonly sent: readonly number[];
  readonly answered?: readonly number[];
}

function step({ sent, answered = [], ...more }: Known, limits: Partial<TraceLimits> = {}): [string, number[]] {
  const into = { low: 0, high: 0 };
  const state: TraceState = {
    sent: setOf(sent),
    answered: setOf(answered),
    ...{ final: 0, distance: 0, retriesUsed: 0, showsChange: false },
    ...more,
  };
  const name = nextTtls(state, { maxTtl: 30, retries: 2, sharedHops: 0, ...limits }, into);
  return [name, upTo(63).filter((ttl) => hasTtl(into.low, into.high, ttl))];
}

describe("the range of a trace", () => {
  it.each<[string, Known, Partial<TraceLimits>, [string, number[]]]>([
    ["begins with the highest TTL", { sent: [] }, {}, ["forward", [30]]],
    [
      "goes up to the distance that the answer suggests",
      { sent: [30], answered: [30], final: 30, distance: 7 },
      {},
      ["forward", upTo(7)],
    ],
    [
      "goes on where the way there is longer than the way back",
      { sent: [...upTo(7), 30], answered: [...upTo(7), 30], final: 30, distance: 7 },
      {},
      ["forward", [8, 9, 10]],
    ],
    [
      "is over when everything up to the target has answered",
      { sent: [...upTo(7), 30], answered: [...upTo(6), 7, 30], final: 7, distance: 7 },
      {},
      ["over", []],
    ],
    [
      "asks the silent hops before the target again",
      { sent: [...upTo(7), 30], answered: [1, 2, 4, 7, 30], final: 7, distance: 7 },
      {},
      ["retry", [3, 5, 6]],
    ],
    [
      "does so as often as it may",
      { sent: [...upTo(7), 30], answered: [1, 2, 4, 7, 30], final: 7, distance: 7, retriesUsed: 2 },
      {},
      ["over", []],
    ],
    ["asks eight hops towards a silent target", { sent: [30] }, {}, ["forward", upTo(8)]],
    [
      "takes the distance that another variant's answer suggests",
      { sent: [30], distance: 11 },
      {},
      ["forward", upTo(11)],
    ],
    [
      "goes five hops beyond the last that answered",
      { sent: [...upTo(8), 30], answered: [1, 2, 3, 6] },
      {},
      ["forward", [9, 10, 11]],
    ],
    [
      "asks the silent hops and the one behind the last answer, not those beyond",
      { sent: [...upTo(11), 30], answered: [1, 2, 3, 6] },
      {},
      ["retry", [4, 5, 7]],
    ],
    [
      "asks all hops of a path that is longer than the highest TTL",
      { sent: [...upTo(8), 30], answered: [30] },
      {},
      ["forward", upTo(29, 9)],
    ],
    ["has room for the highest TTL of all", { sent: [63], answered: [63] }, { maxTtl: 63 }, ["forward", upTo(62)]],
    ["stays at one hop where that is the highest", { sent: [1], answered: [1] }, { maxTtl: 1 }, ["over", []]],
    [
      "leaves out the first hops that all targets share",
      { sent: [30], answered: [30], final: 30, distance: 7 },
      { sharedHops: 3 },
      ["forward", [4, 5, 6, 7]],
    ],
    [
      "does not go back to them when nothing was changed",
      { sent: [4, 5, 6, 7, 30], answered: [4, 5, 6, 7, 30], final: 7, distance: 7 },
      { sharedHops: 3 },
      ["over", []],
    ],
    [
      "goes back to them when a quote was changed",
      { sent: [4, 5, 6, 7, 30], answered: [4, 5, 6, 7, 30], final: 7, distance: 7, showsChange: true },
      { sharedHops: 3 },
      ["forward", [1, 2, 3]],
    ],
    [
      "goes back to them when the target was not reached",
      { sent: [...upTo(9, 4), 30], answered: [4], retriesUsed: 2 },
      { sharedHops: 3 },
      ["forward", [1, 2, 3]],
    ],
  ])("%s", (_name, known, limits, expected) => {
    expect(step(known, limits)).toEqual(expected);
  });
});
