import { describe, expect, it } from "@jest/globals";
import type { TargetSummary } from "../../../coordinator/compare/document.js";
import { differences } from "../../../coordinator/demo/check.js";
import type { TruthTarget } from "../../../deploy/lab/truth.js";

const expected: TruthTarget = {
  network: "strip",
  address: "198.19.7.10",
  port: 80,
  hostVerdict: "mptcp",
  placement: "near-source",
  views: { fra: "claims-v1", sin: "plain" },
  handshakes: { fra: "proved", sin: "unproved" },
  changes: [{ vantage: "sin", condition: "tcp.option.mptcp.removed", after: "192.0.2.1", before: "192.0.2.3" }],
};
const found: TargetSummary = {
  target: "198.19.7.10",
  port: 80,
  hostVerdict: "mptcp",
  hostRule: "genuine-answer",
  placement: "near-source",
  placementRule: "at-the-start",
  ruleVersion: 2,
  views: { fra: "claims-v1", sin: "plain" },
  changes: ["v0", "v1"].map((variant) => ({
    vantage: "sin",
    variant: variant as "v0" | "v1",
    condition: "tcp.option.mptcp.removed",
    afterTtl: 1,
    after: "192.0.2.1",
    beforeTtl: 2,
    before: "192.0.2.3",
    pathLength: 5,
    mss: null,
    traces: 2,
    openHops: 0,
    confidence: 0.75,
    fingerprints: [],
  })),
};

describe("differences", () => {
  it("is empty when verdicts, placement, views and intervals are those of the lab", () => {
    expect(differences([expected], [found])).toEqual([]);
  });

  it("names a wrong verdict, a wrong view, a change that is missing and one that should not be there", () => {
    const wrong: TargetSummary = {
      ...found,
      hostVerdict: "not-capable",
      views: { fra: "plain", sin: "plain" },
      changes: found.changes.map((change) => ({ ...change, before: "192.0.2.5" })),
    };
    expect(differences([expected], [wrong])).toEqual([
      "strip: 198.19.7.10 port 80: host verdict is not-capable, should be mptcp",
      "strip: 198.19.7.10 port 80: view of fra is plain, should be claims-v1",
      "strip: 198.19.7.10 port 80: not found: tcp.option.mptcp.removed from sin between 192.0.2.1 and 192.0.2.3",
      "strip: 198.19.7.10 port 80: found, but not there: tcp.option.mptcp.removed from sin between 192.0.2.1 and 192.0.2.5",
    ]);
  });

  it("misses a target that answers in the lab, but not one that is silent everywhere", () => {
    expect(differences([expected], [])).toEqual(["strip: 198.19.7.10 port 80: is not in the comparison"]);
    const silent = { ...expected, views: { fra: "no-reply", sin: "no-reply" } } as const;
    expect(differences([silent], [])).toEqual([]);
  });
});
