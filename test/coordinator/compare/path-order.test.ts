import { describe, expect, it } from "@jest/globals";
import { locateChanges } from "../../../coordinator/compare/locate.js";
import { answering, quoting, trace, view } from "./paths.js";

const removed = ["tcp.option.mptcp.removed"];

describe("a trace whose rows are not in order", () => {
  it("has the interval that it has in order", () => {
    const shuffled = trace(
      "v1",
      answering(4, "h", "plain"),
      quoting(3, "r3", removed),
      quoting(1, "r1"),
      quoting(2, "r2", removed),
    );
    expect(locateChanges(view("fra", "plain", shuffled))).toMatchObject([
      { after: "r1", afterTtl: 1, before: "r2", beforeTtl: 2, pathLength: 4 },
    ]);
  });

  it("is as long as the smallest TTL that the target answered, and ends there", () => {
    const long = trace(
      "v1",
      answering(6, "h", "plain"),
      quoting(1, "r1"),
      quoting(2, "r2"),
      answering(3, "h", "plain"),
      quoting(5, "r9", removed),
    );
    const found = locateChanges(view("fra", "plain", long, trace("plain", quoting(1, "r1", ["ip.dscp.changed"]))));
    expect(found).toMatchObject([{ condition: "ip.dscp.changed", pathLength: 3 }]);
  });

  it("of one variant that lost its answer does not make the path longer than another one's", () => {
    const lost = trace("v1", quoting(1, "r1"), quoting(2, "r2", removed), answering(6, "h", "plain"));
    const found = locateChanges(
      view("fra", "plain", lost, trace("plain", quoting(1, "r1"), answering(3, "h", "plain"))),
    );
    expect(found).toMatchObject([{ before: "r2", pathLength: 3 }]);
  });

  it("without its first hops has an interval that begins at the vantage point", () => {
    const late = trace("v1", quoting(4, "r4", removed), quoting(3, "r3", removed));
    expect(locateChanges(view("fra", "plain", late))).toMatchObject([{ after: null, before: "r3", beforeTtl: 3 }]);
  });
});
