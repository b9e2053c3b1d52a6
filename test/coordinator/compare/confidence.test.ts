import { describe, expect, it } from "@jest/globals";
import { changesOn } from "../../../coordinator/compare/judge.js";
import { answering, quoting, quotingShort, trace, view } from "./paths.js";

const removed = ["tcp.option.mptcp.removed"];
const seenBy = (vantage: string, ...variants: ("v0" | "v1")[]) =>
  view(
    vantage,
    "plain",
    ...variants.map((variant) =>
      trace(variant, quoting(1, `${vantage}1`), quoting(2, "core", removed), answering(3, "h", "plain")),
    ),
  );
const weights = (...views: ReturnType<typeof view>[]) =>
  changesOn(views).map(({ traces, openHops, confidence }) => ({ traces, openHops, confidence }));

describe("the confidence of an interval", () => {
  it("is a half for one trace, and every other trace that shows the change at the same hop halves the doubt", () => {
    expect(weights(seenBy("fra", "v1"))).toEqual([{ traces: 1, openHops: 0, confidence: 0.5 }]);
    expect(weights(seenBy("fra", "v0", "v1"))[0]).toEqual({ traces: 2, openHops: 0, confidence: 0.75 });
    expect(weights(seenBy("fra", "v0", "v1"), seenBy("sin", "v0", "v1"))[0]).toEqual({
      traces: 4,
      openHops: 0,
      confidence: 0.94,
    });
  });

  it("is shared out over the hops in between that were silent or quoted too little", () => {
    const wide = trace(
      "v1",
      quoting(1, "r1"),
      quotingShort(2, "r2"),
      quoting(4, "r4", removed),
      answering(5, "h", "plain"),
    );
    // Hop 2 keeps its length, so nothing was cut out before it; hop 3 is silent.
    expect(weights(view("fra", "plain", wide))).toEqual([{ traces: 1, openHops: 1, confidence: 0.25 }]);
  });

  it("of an echo is shared out over all hops before the answer, as none of them sees it", () => {
    const echo = trace("v0", quoting(1, "r1"), quoting(2, "r2"), quoting(3, "r3"), answering(4, "h", "echo"));
    expect(weights(view("fra", "echo", echo))).toEqual([{ traces: 1, openHops: 3, confidence: 0.13 }]);
  });
});
