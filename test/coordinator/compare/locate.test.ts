import { describe, expect, it } from "@jest/globals";
import { locateChanges } from "../../../coordinator/compare/locate.js";
import { answering, quoting, quotingShort, trace, view } from "./paths.js";

const removed = "tcp.option.mptcp.removed";
const nop = "tcp.option.mptcp.nop";

describe("locateChanges", () => {
  it("finds nothing on a path that leaves the probe alone", () => {
    const clean = view(
      "fra",
      "claims-v1",
      trace("v1", quoting(1, "r1"), quoting(2, "r2"), answering(3, "host", "claims-v1")),
      trace("plain", quoting(1, "r1"), quoting(2, "r2"), answering(3, "host", "plain")),
    );
    expect(locateChanges(clean)).toEqual([]);
  });

  it("puts a removed option between the last hop that quoted it and the first that did not", () => {
    const stripped = view(
      "sin",
      "plain",
      trace(
        "v1",
        quoting(1, "r1"),
        quoting(2, "r2", [removed]),
        quoting(3, "r3", [removed]),
        answering(4, "h", "plain"),
      ),
    );
    expect(locateChanges(stripped)).toEqual([
      {
        vantage: "sin",
        variant: "v1",
        condition: removed,
        afterTtl: 1,
        after: "r1",
        beforeTtl: 2,
        before: "r2",
        pathLength: 4,
        mss: null,
      },
    ]);
  });

  it("widens the interval over hops that are silent or quote too little", () => {
    const wide = view(
      "fra",
      "plain",
      trace("v1", quoting(1, "r1"), quotingShort(2, "r2"), quoting(4, "r4", [nop]), answering(5, "h", "plain")),
    );
    expect(locateChanges(wide)).toMatchObject([{ after: "r1", afterTtl: 1, before: "r4", beforeTtl: 4 }]);
  });

  it("tells by its length that a packet has not lost an option yet, however little is quoted", () => {
    const narrow = view(
      "fra",
      "plain",
      trace("v1", quoting(1, "r1"), quotingShort(2, "r2"), quoting(4, "r4", [removed])),
    );
    expect(locateChanges(narrow)).toMatchObject([{ after: "r2", afterTtl: 2, before: "r4", beforeTtl: 4 }]);
  });

  it("tells by its length that a packet has lost the option, where its control stays as long as it was", () => {
    const shorter = { ...quotingShort(2, "r2"), changes: ["ip.length.changed"] };
    const option = trace("v1", quoting(1, "r1"), shorter, answering(3, "h", "plain"));
    const kept = trace("plain", quoting(1, "r1"), quotingShort(2, "r2"), answering(3, "h", "plain"));
    const shrunk = trace("plain", quoting(1, "r1"), shorter, answering(3, "h", "plain"));
    expect(locateChanges(view("fra", "plain", option, kept))).toMatchObject([
      { variant: "v1", condition: removed, after: "r1", before: "r2" },
    ]);
    expect(locateChanges(view("fra", "plain", option, shrunk))).toMatchObject([
      { variant: "v1", condition: "ip.length.changed", after: "r1", before: "r2" },
      { variant: "plain", condition: "ip.length.changed", after: "r1", before: "r2" },
    ]);
  });

  it("places a reset by the control's hop at its distance, as the RST bears the host's address", () => {
    const option = trace("v1", quoting(1, "r1"), answering(2, "h", "rst"));
    const control = trace("plain", quoting(1, "r1"), quoting(2, "r2"), answering(3, "h", "plain"));
    expect(locateChanges(view("fra", "blocked-on-mptcp", option, control))).toMatchObject([
      { condition: "tcp.option.mptcp.reset", after: "r1", before: "r2", beforeTtl: 2 },
    ]);
  });

  it("starts at the vantage point when the first quote is changed already", () => {
    const atTheDoor = view("fra", "plain", trace("v1", quoting(1, "r1", [removed])));
    expect(locateChanges(atTheDoor)).toMatchObject([{ after: null, afterTtl: 0, before: "r1", pathLength: 0 }]);
  });

  it("locates different fields apart", () => {
    const two = view(
      "fra",
      "plain",
      trace(
        "v1",
        quoting(1, "r1"),
        quoting(2, "r2", ["tcp.option.mss.changed"]),
        quoting(3, "r3", ["tcp.option.mss.changed", removed]),
      ),
    );
    expect(locateChanges(two)).toMatchObject([
      { condition: "tcp.option.mss.changed", after: "r1", before: "r2" },
      { condition: removed, after: "r2", before: "r3" },
    ]);
  });

  it("calls a probe blocked where the control goes on and the option is met with silence", () => {
    const blocked = view(
      "fra",
      "blocked-on-mptcp",
      trace("v1", quoting(1, "r1"), quoting(2, "edge")),
      trace("plain", quoting(1, "r1"), quoting(2, "edge"), answering(3, "host", "plain")),
    );
    expect(locateChanges(blocked)).toMatchObject([
      { condition: "tcp.option.mptcp.blocked", variant: "v1", after: "edge", before: "host", beforeTtl: 3 },
    ]);
  });

  it("calls a probe reset where an RST answers the option and a SYN/ACK the control", () => {
    const reset = view(
      "fra",
      "blocked-on-mptcp",
      trace("v1", quoting(1, "r1"), answering(2, "host", "rst")),
      trace("plain", quoting(1, "r1"), quoting(2, "edge"), answering(3, "host", "plain")),
    );
    expect(locateChanges(reset)).toMatchObject([
      { condition: "tcp.option.mptcp.reset", after: "r1", beforeTtl: 2, pathLength: 3 },
    ]);
  });

  it("does not call a closed port reset when the control is refused as well", () => {
    const closed = view(
      "fra",
      "rst",
      trace("v1", quoting(1, "r1"), answering(2, "host", "rst")),
      trace("plain", quoting(1, "r1"), answering(2, "host", "rst")),
    );
    expect(locateChanges(closed)).toEqual([]);
  });

  it("puts an echo between the last quoting hop and the answer", () => {
    const echo = view("fra", "echo", trace("v0", quoting(1, "r1"), quoting(2, "r2"), answering(3, "host", "echo")));
    expect(locateChanges(echo)).toMatchObject([
      { condition: "tcp.option.mptcp.echoed", after: "r2", before: "host", beforeTtl: 3 },
    ]);
  });
});
