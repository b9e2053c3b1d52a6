import { PassThrough } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import type { CampaignProgress } from "../../../coordinator/campaign/progress.js";
import { createProgressPrinter } from "../../../coordinator/cli/progress.js";

const marks = { size: 10, sent: 10, done: 5, committed: 5 };
const progress: CampaignProgress = {
  id: "weekly-1",
  state: "running",
  paused: false,
  step: "verify",
  startedAtMs: 0,
  finishedAtMs: null,
  marks,
  indicesPerSecond: 0,
  packetsPerSecond: 0,
  etaMs: null,
  sources: [],
  waiting: [],
  notes: [],
  alarms: [],
  error: "",
};

describe("the progress of a campaign", () => {
  it("tells each note once, when it comes", () => {
    const out = new PassThrough();
    const printer = createProgressPrinter(out as never, () => 0);
    const [first, second] = ["3 of 9 hitlist addresses left out", "4 targets of verify/v4/80/sin left out"];
    printer.show({ ...progress, notes: [first] });
    printer.show({ ...progress, notes: [first] });
    printer.show({ ...progress, step: "tracebox", notes: [first, second] });
    printer.end();
    const lines = String(out.read()).trimEnd().split("\n");
    expect(lines).toEqual([
      `  note: ${first}`,
      expect.stringMatching(/verify +50 %/),
      `  note: ${second}`,
      expect.stringMatching(/tracebox +50 %/),
    ]);
  });
});
