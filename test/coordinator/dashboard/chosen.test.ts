import { describe, expect, it } from "@jest/globals";
import { choose, showable } from "../../../coordinator/dashboard/page/chosen.js";
import { parseRoute } from "../../../coordinator/dashboard/page/route.js";

const FIRST = { id: "w-1", state: "finished" } as const;
const RUNNING = { id: "w-2", state: "running" } as const;
const CANCELLED = { id: "w-3", state: "cancelled" } as const;
const LAST = { id: "w-4", state: "created" } as const;
const ALL = [FIRST, RUNNING, CANCELLED, LAST];

describe("the campaign that a view shows", () => {
  it.each([
    ["#/matrix?campaign=w-1", ALL, FIRST],
    ["#/live", ALL, RUNNING],
    ["#/live", [FIRST, CANCELLED, LAST], LAST],
    ["#/matrix", ALL, CANCELLED],
    ["#/dossiers", [RUNNING, LAST], null],
    ["#/live?campaign=gone", ALL, RUNNING],
    ["#/live", [], null],
  ])("is the one that is named, else the last that runs and that it can show: %s", (hash, campaigns, chosen) => {
    expect(choose(parseRoute(hash), campaigns)).toBe(chosen);
  });

  it("is offered where the view can show it: comparisons are there when a campaign is over", () => {
    expect(showable("matrix", ALL)).toEqual([FIRST, CANCELLED]);
    expect(showable("live", ALL)).toEqual(ALL);
  });
});
