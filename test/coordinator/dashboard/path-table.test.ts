import { describe, expect, it } from "@jest/globals";
import type { PathChange } from "../../../coordinator/compare/evidence.js";
import { pathTable, tracedVariants } from "../../../coordinator/dashboard/page/path-table.js";
import { answering, quoting, quotingShort, trace, view } from "../compare/paths.js";

const TARGET = "198.18.0.1";
const REMOVED = "tcp.option.mptcp.removed";

function change(vantage: string, afterTtl: number, beforeTtl: number, condition = REMOVED): PathChange {
  return {
    ...{ vantage, variant: "v1", condition, afterTtl, beforeTtl, after: "192.0.2.1", before: "192.0.2.3" },
    ...{ pathLength: 5, mss: null, traces: 1, openHops: 0, confidence: 0.5, fingerprints: [] },
  };
}

/** From fra five hops, of which the second is silent; from sin three and no answer of the target. */
const FRA = view(
  "fra",
  "plain",
  trace("plain", quoting(1, "192.0.2.1"), answering(5, TARGET, "plain")),
  trace("v1", quoting(1, "192.0.2.1"), quoting(3, "192.0.2.3", [REMOVED]), answering(5, TARGET, "plain")),
);
const SIN = view("sin", "no-reply", trace("v1", quotingShort(1, "203.0.113.1"), quoting(3, "203.0.113.3")));
const parts = (vantage: string, changes: readonly PathChange[]) =>
  pathTable({ evidence: [FRA, SIN], changes }, "v1")
    .find((row) => row.vantage === vantage)
    ?.cells.map(({ part }) => part);

describe("the table of the paths to a target", () => {
  it("has a row for each vantage point that traced with the variant, all as long as the longest path", () => {
    const rows = pathTable({ evidence: [FRA, SIN], changes: [] }, "v1");
    expect(rows.map(({ vantage, cells }) => [vantage, cells.map(({ hop }) => hop?.responder ?? null)])).toEqual([
      ["fra", ["192.0.2.1", null, "192.0.2.3", null, TARGET]],
      ["sin", ["203.0.113.1", null, "203.0.113.3", null, null]],
    ]);
    expect(pathTable({ evidence: [FRA, SIN], changes: [] }, "plain").map(({ vantage }) => vantage)).toEqual(["fra"]);
    expect(pathTable({ evidence: [FRA, SIN], changes: [] }, "v0")).toEqual([]);
  });

  it("tells a hop that is silent from one behind the end of the path", () => {
    const [, sin] = pathTable({ evidence: [FRA, SIN], changes: [] }, "v1");
    expect(sin?.cells.map(({ isBehind }) => isBehind)).toEqual([false, false, false, true, true]);
  });

  it("ends at the first answer of the target, whatever answers to higher TTLs", () => {
    const late = view("ams", "plain", trace("v1", answering(2, TARGET, "plain"), answering(4, TARGET, "plain")));
    const [row] = pathTable({ evidence: [late], changes: [] }, "v1");
    expect(row?.cells).toHaveLength(2);
  });

  it("marks the interval: last clean hop, what says neither, first changed hop", () => {
    expect(parts("fra", [change("fra", 1, 3)])).toEqual(["clean", "within", "changed", null, null]);
    expect(parts("sin", [change("fra", 1, 3)])).toEqual([null, null, null, null, null]);
  });

  it("marks no clean hop where the change is there from the vantage point on", () => {
    const rows = pathTable({ evidence: [FRA, SIN], changes: [change("fra", 0, 2)] }, "v1");
    expect(rows.map(({ startsInterval }) => startsInterval)).toEqual([true, false]);
    expect(rows[0]?.cells.map(({ part }) => part)).toEqual(["within", "changed", null, null, null]);
  });

  it("marks rewritten DSCP only where nothing else is changed, and lists it always", () => {
    const dscp = change("fra", 3, 4, "ip.dscp.changed");
    expect(parts("fra", [dscp])).toEqual([null, null, "clean", "changed", null]);
    expect(parts("fra", [dscp, change("fra", 1, 3)])).toEqual(["clean", "within", "changed", null, null]);
    const [fra] = pathTable({ evidence: [FRA], changes: [dscp, change("fra", 1, 3)] }, "v1");
    expect(fra?.changes).toHaveLength(2);
  });

  it("can be had of each variant that was traced", () => {
    expect(tracedVariants({ evidence: [SIN, FRA] })).toEqual(["plain", "v1"]);
    expect(tracedVariants({ evidence: [] })).toEqual([]);
  });
});
