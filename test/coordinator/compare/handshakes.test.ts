import { describe, expect, it } from "@jest/globals";
import type { Handshake, View } from "../../../coordinator/compare/evidence.js";
import { changesOn, judge } from "../../../coordinator/compare/judge.js";
import { answering, quoting, trace, view } from "./paths.js";

const handshake = (verdict: Handshake["verdict"], after: Handshake["after"] = ""): Handshake => ({
  variant: "v1",
  verdict,
  after,
  join: "",
  noJoin: false,
  addresses: [],
});

const clean = trace("v1", quoting(1, "r1"), quoting(2, "r2"), answering(3, "h", "claims-v1"));
const claiming = (vantage: string, ...handshakes: Handshake[]): View => ({
  ...view(vantage, "claims-v1", clean),
  handshakes,
});
const judged = (...views: View[]) => {
  const { host, placement } = judge(views, changesOn(views));
  return [host.result, host.rule, placement.result];
};

describe("handshakes in the judgement", () => {
  it.each([
    ["a DATA_ACK that counts from both keys", handshake("dss-proved")],
    ["MP_TCPRST for a join that nobody expected", handshake("join-reset")],
    ["DSS options that were seen before they were taken out", handshake("fell-back", "dss-stripped")],
  ])("%s proves the host from any vantage point, whatever the paths show", (_name, proof) => {
    const removed = trace("v1", quoting(1, "s1"), quoting(2, "s2", ["tcp.option.mptcp.removed"]));
    const hidden = view("sin", "plain", removed);
    expect(judged({ ...hidden, handshakes: [proof] })[0]).toBe("mptcp");
    expect(judged(hidden)[0]).not.toBe("mptcp");
  });

  it("that all fall back make the claim a box's, found where the answer comes from", () => {
    const views = [claiming("fra", handshake("fell-back")), claiming("sin", handshake("fell-back"))];
    expect(judged(...views)).toEqual(["middlebox-near-host", "boxes-alone", "near-destination"]);
    expect(changesOn(views)).toMatchObject([
      { vantage: "fra", condition: "tcp.option.mptcp.claimed", after: "r2", before: "h" },
      { vantage: "sin", condition: "tcp.option.mptcp.claimed" },
    ]);
  });

  it("that fall back from one vantage point and prove the host from another leave the claim the host's", () => {
    const views = [claiming("fra", handshake("fell-back")), claiming("sin", handshake("dss-proved"))];
    expect(judged(...views)).toEqual(["mptcp", "proved", "agree"]);
    expect(changesOn(views)).toEqual([]);
  });

  it("that fall back because a box takes the DSS options out leave the claim the host's", () => {
    const views = [claiming("fra", handshake("fell-back", "dss-stripped"))];
    expect(judged(...views)).toEqual(["mptcp", "proved", "agree"]);
    expect(changesOn(views)).toEqual([]);
  });

  it("that came to nothing say nothing", () => {
    expect(judged(claiming("fra", handshake("unconfirmed")))).toEqual(["mptcp", "genuine-answer", "agree"]);
  });

  it("of one version do not disown the other", () => {
    expect(judged(claiming("fra", { ...handshake("fell-back"), variant: "v0" }))[0]).toBe("mptcp");
  });

  it("leave a host that answers plainly elsewhere without MPTCP", () => {
    const plain = view("sin", "plain", trace("v1", quoting(1, "s1"), answering(2, "h", "plain")));
    expect(judged(claiming("fra", handshake("fell-back")), plain)[0]).toBe("not-capable");
  });
});
