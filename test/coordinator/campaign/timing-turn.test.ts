import { describe, expect, it } from "@jest/globals";
import { leasableTo, type TurnBook, type TurnCampaign, timingTurn } from "../../../coordinator/campaign/timing-turn.js";
import type { Lease } from "../../../coordinator/lease/lease.js";
import { LeaseTable } from "../../../coordinator/lease/table.js";

/** Three rounds of ten hosts each. */
const ROUNDS = [10, 20, 30];

const lease = (from: number, to: number, done: number, phase: Lease["phase"] = "active"): Lease => ({
  ...{ phase, id: `p#${from}`, epoch: from + 1, agent: `a${from}`, instance: "i", spool: "s", vantage: "fra" },
  ...{ from, to, sent: to, done, committed: from, overrun: 0, packetsPerSecond: 1, deadlineMs: 0, heard: true },
});
const book = (free: readonly (readonly [number, number])[], leases: readonly Lease[] = []): TurnBook => ({
  record: { pass: "timing", rounds: ROUNDS },
  state: { free: free.map(([from, to]) => ({ from, to })), leases: LeaseTable.from(leases) },
});
const campaign = (
  id: string,
  books: readonly TurnBook[],
  more: Partial<TurnCampaign["record"]> = {},
): TurnCampaign => ({
  record: { id, state: "running", paused: false, ...more },
  books,
});
const always = (): boolean => true;
const turn = (...campaigns: TurnCampaign[]) => timingTurn(campaigns, always);

describe("whose turn it is to time", () => {
  it("is the first round's while any source has something of it", () => {
    expect(turn(campaign("a", [book([[10, 30]]), book([[4, 30]])]))).toEqual({ campaign: "a", round: 0 });
  });

  it("is the next round's only when nobody is at work on the one before", () => {
    const waiting = book([[10, 30]]);
    expect(turn(campaign("a", [waiting, book([[10, 30]], [lease(0, 10, 9)])]))).toBeNull();
    expect(turn(campaign("a", [waiting, book([[10, 30]], [lease(0, 10, 10)])]))).toEqual({ campaign: "a", round: 1 });
  });

  it("does not look at what an agent lost: that is free again", () => {
    const away = book([[4, 30]], [lease(0, 4, 4, "awaiting")]);
    expect(turn(campaign("a", [book([[10, 30]]), away]))).toEqual({ campaign: "a", round: 0 });
  });

  it("goes back for what became free again, when the round that has begun is done", () => {
    const again = book([
      [2, 5],
      [20, 30],
    ]);
    expect(turn(campaign("a", [again, book([[20, 30]], [lease(10, 20, 15)])]))).toBeNull();
    expect(turn(campaign("a", [again, book([[20, 30]], [lease(10, 20, 20)])]))).toEqual({ campaign: "a", round: 0 });
  });

  it("is one campaign's at a time, the oldest one's", () => {
    const [older, newer] = [campaign("a", [book([[10, 30]])]), campaign("b", [book([[0, 30]])])];
    expect(turn(older, newer)).toEqual({ campaign: "a", round: 1 });
    const atWork = campaign("b", [book([[5, 30]], [lease(0, 5, 1)])]);
    expect(turn(older, atWork)).toBeNull();
    expect(turn(campaign("a", [book([])]), atWork)).toEqual({ campaign: "b", round: 0 });
  });

  it("passes a campaign by that is paused or that nobody can work for, but not its connections", () => {
    const b = campaign("b", [book([[0, 30]])]);
    expect(turn(campaign("a", [book([[0, 30]])], { paused: true }), b)).toEqual({ campaign: "b", round: 0 });
    expect(turn(campaign("a", [book([[5, 30]], [lease(0, 5, 1)])], { paused: true }), b)).toBeNull();
    expect(timingTurn([campaign("a", [book([[0, 30]])]), b], ({ record }) => record.id === "b")).toEqual({
      campaign: "b",
      round: 0,
    });
  });

  it("is nobody's where nothing is to be timed; sources of other passes do not count", () => {
    const scan: TurnBook = { ...book([[0, 30]], [lease(0, 10, 0)]), record: { pass: "synscan", rounds: [] } };
    expect(turn(campaign("a", [scan]))).toBeNull();
    expect(turn(campaign("a", [scan]), campaign("b", [book([[0, 30]])]))).toEqual({ campaign: "b", round: 0 });
  });
});

describe("what may be leased", () => {
  it("ends where the round ends, and is nothing for those whose turn it is not", () => {
    const one = book([[0, 30]]);
    expect(leasableTo({ campaign: "a", round: 1 }, "a", one)).toBe(20);
    expect(leasableTo({ campaign: "a", round: 1 }, "b", one)).toBe(0);
    expect(leasableTo(null, "a", one)).toBe(0);
  });
});
