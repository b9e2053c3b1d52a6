import { describe, expect, it } from "@jest/globals";
import { sentPart, shownMarks } from "../../../coordinator/dashboard/page/marks.js";

const marks = (size: number, sent: number) => ({ size, sent, done: sent, committed: sent });
const source = (name: string, size: number, sent: number) => ({
  ...{ source: name, agents: [], waiting: null },
  ...marks(size, sent),
});
const SOURCES = [source("synscan/v4/80", 100, 100), source("tracebox/v4/80/fra", 20, 10)];

describe("how far a campaign is", () => {
  it("is what the pass that runs has sent", () => {
    expect(shownMarks({ marks: marks(20, 10), sources: SOURCES })).toEqual(marks(20, 10));
  });

  it("is what all its passes have sent when none runs any more", () => {
    expect(shownMarks({ marks: marks(0, 0), sources: SOURCES })).toEqual(marks(120, 110));
  });

  it("is nothing before there is anything to send", () => {
    expect(sentPart(shownMarks({ marks: marks(0, 0), sources: [] }))).toBe(0);
    expect(sentPart(marks(8, 6))).toBe(0.75);
  });
});
