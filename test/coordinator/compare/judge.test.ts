import { describe, expect, it } from "@jest/globals";
import type { View } from "../../../coordinator/compare/evidence.js";
import { changesOn, judge } from "../../../coordinator/compare/judge.js";
import { answering, quoting, trace, view } from "./paths.js";

const removed = ["tcp.option.mptcp.removed"];
const judged = (...views: View[]) => {
  const { host, placement, affected, explanation } = judge(views, changesOn(views));
  return { hostVerdict: host.result, placement: placement.result, affected, explanation };
};

const clean = (vantage: string) =>
  view(
    vantage,
    "claims-v1",
    trace(
      "v1",
      quoting(1, `${vantage}1`),
      quoting(2, `${vantage}2`),
      quoting(3, "core"),
      answering(4, "h", "claims-v1"),
    ),
  );

describe("judge", () => {
  it("believes one clean path that ends at a genuine answer, whatever a box hides from another vantage point", () => {
    const hidden = view(
      "sin",
      "plain",
      trace(
        "v1",
        quoting(1, "sin1"),
        quoting(2, "sin2", removed),
        quoting(3, "core", removed),
        answering(4, "h", "plain"),
      ),
    );
    expect(judged(clean("fra"), clean("nyc"), hidden)).toEqual({
      hostVerdict: "mptcp",
      placement: "near-source",
      affected: ["sin"],
      explanation: ["sin2"],
    });
  });

  it("does not believe a genuine-looking answer when the option did not survive the path", () => {
    const proxied = view(
      "fra",
      "claims-v1",
      trace("v1", quoting(1, "a"), quoting(2, "b"), quoting(3, "c", removed), answering(4, "h", "claims-v1")),
    );
    expect(judged(proxied).hostVerdict).toBe("middlebox-near-host");
  });

  it("believes a v1 answer although a box mirrors the v0 option", () => {
    const mirrored = view(
      "fra",
      "claims-v1",
      trace("v0", quoting(1, "a"), quoting(2, "b"), answering(3, "h", "echo")),
      trace("v1", quoting(1, "a"), quoting(2, "b"), answering(3, "h", "claims-v1")),
    );
    expect(judged({ ...mirrored, v0: "echo" }).hostVerdict).toBe("mptcp");
  });

  it("places a box by what it changes in TCP, wherever networks rewrite the DSCP", () => {
    const dscp = ["ip.dscp.changed"];
    const clamped = ["ip.dscp.changed", "tcp.option.mss.changed"];
    const marked = view(
      "fra",
      "claims-v1",
      trace(
        "v1",
        quoting(1, "a", dscp),
        quoting(2, "b", dscp),
        quoting(3, "c", dscp),
        quoting(4, "d", clamped),
        answering(5, "h", "claims-v1"),
      ),
    );
    expect(judged(marked)).toMatchObject({ hostVerdict: "mptcp", placement: "near-destination" });
    const only = view("fra", "claims-v1", trace("v1", quoting(1, "a", dscp), answering(2, "h", "claims-v1")));
    expect(judged(only)).toMatchObject({ hostVerdict: "mptcp", affected: ["fra"] });
  });

  it("believes a plain answer over a path that changes nothing but the DSCP", () => {
    const dscp = ["ip.dscp.changed"];
    const marked = view(
      "fra",
      "plain",
      trace("v1", quoting(1, "a", dscp), quoting(2, "b", dscp), answering(3, "h", "plain")),
    );
    const hidden = view("sin", "plain", trace("v1", quoting(1, "s", removed), answering(2, "h", "plain")));
    expect(judged(marked, hidden).hostVerdict).toBe("not-capable");
  });

  it("does not count a change of another kind from another vantage point as the same box", () => {
    const hidden = view(
      "sin",
      "plain",
      trace(
        "v1",
        quoting(1, "s1"),
        quoting(2, "s2"),
        quoting(3, "s3"),
        quoting(4, "e", removed),
        answering(5, "h", "plain"),
      ),
    );
    const clamped = view(
      "fra",
      "claims-v1",
      trace(
        "v1",
        quoting(1, "f1"),
        quoting(2, "f2", ["tcp.option.mss.changed"]),
        quoting(3, "e", ["tcp.option.mss.changed"]),
        answering(4, "h", "claims-v1"),
      ),
    );
    expect(judged(hidden, clamped).placement).toBe("transit");
  });

  it("places a change that some vantage points see in the middle of their paths in transit", () => {
    const through = (vantage: string) =>
      view(
        vantage,
        "plain",
        trace(
          "v1",
          quoting(1, `${vantage}1`),
          quoting(2, `${vantage}2`),
          quoting(3, "core", removed),
          quoting(4, "e", removed),
          answering(5, "h", "plain"),
        ),
      );
    expect(judged(through("fra"), through("nyc"), clean("sin"))).toMatchObject({
      hostVerdict: "mptcp",
      placement: "transit",
      affected: ["fra", "nyc"],
      explanation: ["core"],
    });
  });

  it("places a change that every path has at its end near the destination", () => {
    const atTheEnd = (vantage: string) =>
      view(
        vantage,
        "plain",
        trace(
          "v1",
          quoting(1, `${vantage}1`),
          quoting(2, "core"),
          quoting(3, "inner", removed),
          answering(4, "h", "plain"),
        ),
      );
    expect(judged(atTheEnd("fra"), atTheEnd("sin"))).toMatchObject({
      hostVerdict: "middlebox-near-host",
      placement: "near-destination",
      explanation: ["inner"],
    });
  });

  it("calls a host that repeats the sender's key an echoing middlebox", () => {
    const echo = view("fra", "echo", trace("v0", quoting(1, "r"), quoting(2, "s"), answering(3, "h", "echo")));
    expect(judged(echo)).toMatchObject({ hostVerdict: "echoing-middlebox", placement: "near-destination" });
  });

  it("says not capable where every vantage point gets a plain answer or a refusal", () => {
    expect(judged(view("fra", "plain"), view("sin", "plain"))).toMatchObject({
      hostVerdict: "not-capable",
      placement: "agree",
    });
    expect(judged(view("fra", "rst"), view("sin", "rst")).hostVerdict).toBe("not-capable");
  });

  it("says not reached where nobody got an answer", () => {
    expect(judged(view("fra", "no-reply"), view("sin", "unreachable")).hostVerdict).toBe("not-reached");
  });

  it("is uncertain about a difference that no trace explains", () => {
    expect(judged(view("fra", "claims-v1"), view("sin", "plain"))).toMatchObject({
      hostVerdict: "mptcp",
      placement: "uncertain",
    });
  });

  it("calls it flapping when the scan and the trace of one vantage point got different answers", () => {
    const twoMinds = view("fra", "claims-v1", trace("v1", quoting(1, "r"), answering(2, "h", "plain")));
    expect(judged(twoMinds).placement).toBe("flapping");
  });
});
