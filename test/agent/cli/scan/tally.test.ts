import { describe, expect, it } from "@jest/globals";
import type { ScanTotals } from "../../../../agent/cli/scan/checkpoint.js";
import { createTally } from "../../../../agent/cli/scan/tally.js";
import { createView } from "../../../../agent/cli/scan/view.js";
import { chooseFields } from "../../../../shared/zmap/fields.js";
import { parseFilter } from "../../../../shared/zmap/filter.js";
import { createRowFormat } from "../../../../shared/zmap/format.js";
import { icmpError, synAck } from "../../../shared/zmap/replies.js";

const BEFORE: ScanTotals = {
  ...{ packets: 100, replies: 10, successes: 4, cooldownSuccesses: 1, results: 6, duplicates: 2, late: 1, skipped: 3 },
  ...{ received: 50, kernelDrops: 5, sendErrors: 7, valid: 12, foreign: 38 },
};

function tallyOf(options: { filter?: string; maxResults?: number; uncounted?: number } = {}) {
  const lines: string[] = [];
  const phase = { isCooldown: false, enough: 0 };
  const tally = createTally({
    format: createRowFormat("csv", chooseFields("classification,cooldown"), false),
    filter: parseFilter(options.filter ?? ""),
    maxResults: options.maxResults ?? null,
    before: BEFORE,
    uncountedResults: options.uncounted ?? 0,
    write: (line) => lines.push(line),
    isCooldown: () => phase.isCooldown,
    onEnough: () => phase.enough++,
  });
  return { tally, lines, phase };
}

describe("what becomes of replies", () => {
  it("is a line each, counted on top of what earlier runs counted", () => {
    const { tally, lines, phase } = tallyOf();
    tally.take(synAck().row, null);
    tally.take(icmpError().row, null);
    phase.isCooldown = true;
    tally.take(synAck().row, null);
    expect(lines).toEqual(["synack,0\n", "icmp,0\n", "synack,1\n"]);
    expect(tally.counts()).toEqual({ replies: 13, successes: 6, cooldownSuccesses: 2, results: 9 });
  });

  it("is counted also where the filter keeps it from the output", () => {
    const { tally, lines } = tallyOf({ filter: "success = 1" });
    tally.take(icmpError().row, null);
    tally.take(synAck().row, null);
    expect(lines).toHaveLength(1);
    expect(tally.counts()).toMatchObject({ replies: 12, results: 7 });
  });

  it("is no line any more after the last that is wanted, over all runs, and that is said once", () => {
    const { tally, lines, phase } = tallyOf({ maxResults: 9, uncounted: 1 });
    for (let i = 0; i < 5; i++) tally.take(synAck().row, null);
    expect(lines).toHaveLength(2);
    expect(phase.enough).toBe(1);
    expect(tally.counts()).toMatchObject({ replies: 15, results: 9 });
  });
});

describe("the view of a scan", () => {
  const planned = { id: "synscan/v4/80" } as never;
  const tasks = [
    { planned, from: 0, to: 100, start: 100 },
    { planned, from: 100, to: 200, start: 150 },
    { planned, from: 200, to: 300, start: 200 },
  ];
  const progress = { packets: 10, replies: 0, duplicates: 1, late: 1, skipped: 2 };
  const engines = {
    // Only two tasks are not over.
    progress: () => [
      { ...progress, sent: 180, done: 160 },
      { ...progress, sent: 210, done: 200 },
    ],
    stats: () => ({ received: 8, kernelDrops: 1 as number | null, sendErrors: 1, valid: 5, foreign: 3 }),
  };
  const counts = { replies: 13, successes: 6, cooldownSuccesses: 2, results: 9 };

  it("takes tasks that are over as over, the others from their engines", () => {
    const view = createView({ tasks, totals: BEFORE }, engines, { counts: () => counts });
    expect(view.tasks()).toMatchObject([
      { sent: 100, done: 100 },
      { sent: 180, done: 160 },
      { sent: 210, done: 200 },
    ]);
    expect(view.counts()).toMatchObject({
      targetsSent: 190,
      targetsDone: 160,
      packets: 120,
      replies: 13,
      successes: 6,
    });
    expect(view.totals()).toEqual({
      ...counts,
      ...{ packets: 120, duplicates: 4, late: 3, skipped: 7 },
      ...{ received: 58, kernelDrops: 6, sendErrors: 8, valid: 17, foreign: 41 },
    });
  });

  it("knows no drops where one of the runs could not tell", () => {
    const blind = { ...engines, stats: () => ({ ...engines.stats(), kernelDrops: null }) };
    const view = createView({ tasks, totals: BEFORE }, blind, { counts: () => counts });
    expect(view.totals().kernelDrops).toBeNull();
  });
});
