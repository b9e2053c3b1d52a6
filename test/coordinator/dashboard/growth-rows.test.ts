import { describe, expect, it } from "@jest/globals";
import { changeText, growthRows } from "../../../coordinator/dashboard/page/growth-rows.js";

const count = (campaign: string, hostVerdict: "mptcp" | "not-capable", targets: number) => ({
  ...{ campaign, hostVerdict, targets },
});

describe("growth over campaigns", () => {
  it("adds up what the ports and placements of each campaign have", () => {
    const counts = [count("a", "mptcp", 3), count("a", "not-capable", 10), count("a", "mptcp", 4)];
    const [row] = growthRows(counts, []);
    expect(row?.hosts).toEqual({
      ...{ mptcp: 7, "echoing-middlebox": 0, "middlebox-near-host": 0, "not-capable": 10, "not-reached": 0 },
    });
  });

  it("has the campaigns in the coordinator's order, those that it knows no more first, and no others", () => {
    const counts = ["b", "z", "a", "y"].map((campaign) => count(campaign, "mptcp", 1));
    const campaigns = [
      { id: "b", startedAtMs: 1_000 },
      { id: "not-compared", startedAtMs: 2_000 },
      { id: "a", startedAtMs: 3_000 },
    ];
    expect(growthRows(counts, campaigns).map(({ campaign, startedAtMs }) => [campaign, startedAtMs])).toEqual([
      ["y", null],
      ["z", null],
      ["b", 1_000],
      ["a", 3_000],
    ]);
  });

  it("says what changed since the campaign before", () => {
    expect([changeText(1_500, 300), changeText(300, 1_500), changeText(3, 3), changeText(3, undefined)]).toEqual([
      "+1,200",
      "−1,200",
      "0",
      "–",
    ]);
  });
});
