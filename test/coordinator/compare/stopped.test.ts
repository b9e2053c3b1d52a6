import { describe, expect, it } from "@jest/globals";
import { createSimHash } from "../../../agent/sim/hash.js";
import type { Hop, Trace, View } from "../../../coordinator/compare/evidence.js";
import { changesOn, judge } from "../../../coordinator/compare/judge.js";
import type { Variant } from "../../../shared/probe/variant.js";
import type { SynVerdict } from "../../../shared/verdict/names.js";
import { viewVerdict } from "../../../shared/verdict/view.js";
import { answering, quoting, trace, view } from "./paths.js";

const control = trace("plain", quoting(1, "r1"), quoting(2, "r2"), quoting(3, "r3"), answering(4, "h", "plain"));
const conditions = (one: View) => changesOn([one]).map(({ condition }) => condition);
const blocked = ["tcp.option.mptcp.blocked"];

describe("silence to the option", () => {
  it("of one hop is nothing, where the scan had its answer", () => {
    const option = trace("v1", quoting(1, "r1"), quoting(2, "r2"), quoting(3, "r3"));
    expect(conditions(view("fra", "plain", option, control))).toEqual([]);
  });

  it("of one hop is a box, where the scan met silence too", () => {
    const option = trace("v1", quoting(1, "r1"), quoting(2, "r2"), quoting(3, "r3"));
    expect(conditions(view("fra", "blocked-on-mptcp", option, control))).toEqual(blocked);
  });

  it("of two hops that answer the control is a box, whatever the scan met", () => {
    const option = trace("v1", quoting(1, "r1"), quoting(2, "r2"));
    expect(conditions(view("fra", "plain", option, control))).toEqual(blocked);
  });

  it("in the scan is loss, where the traces have their answers", () => {
    const option = trace("v1", quoting(1, "r1"), answering(4, "h", "plain"));
    const lost = view("fra", "blocked-on-mptcp", option, trace("v0", answering(4, "h", "plain")), control);
    const { host, placement } = judge([lost], changesOn([lost]));
    expect([host.result, host.rule, placement.result]).toEqual(["not-capable", "plain-answer", "agree"]);
  });
});

/** Attempts at every probe. */
const ATTEMPTS = 2;
const NOWHERE = new Uint8Array(16);
const VARIANTS = ["v0", "v1", "plain"] as const;

/**
 * Clean paths to plain hosts, 4 to 15 hops long, as an engine sees them that sends no probe beyond the path's end: each
 * attempt is lost on its way there or back.
 */
function lossyPaths(count: number, loss: number): View[] {
  const hash = createSimHash(`loss ${loss}`);
  let draws = 0;
  const share = () => hash.share("loss", NOWHERE, draws++);
  const isHeard = () => Array.from({ length: ATTEMPTS }, () => share() >= loss && share() >= loss).includes(true);
  return Array.from({ length: count }, (): View => {
    const length = 4 + Math.floor(share() * 12);
    const hopAt = (ttl: number): Hop => (ttl === length ? answering(ttl, "h", "plain") : quoting(ttl, `r${ttl}`));
    const all = Array.from({ length }, (_, i) => hopAt(i + 1));
    const traces = VARIANTS.map((variant): Trace => ({ variant, hops: all.filter(isHeard) }));
    const scanned = (): SynVerdict => (isHeard() ? "plain" : "no-reply");
    const answers: Record<Variant, SynVerdict> = {
      v0: scanned(),
      v1: scanned(),
      plain: scanned(),
      "unknown-option": "plain",
    };
    const { "unknown-option": unknown, ...known } = answers;
    return { ...view("fra", viewVerdict(answers), ...traces), ...known, unknown };
  });
}

function falseFindings(paths: readonly View[]): number {
  return paths.filter((path) => {
    const changes = changesOn([path]);
    return changes.length > 0 || judge([path], changes).placement.result !== "agree";
  }).length;
}

describe("paths that lose packets and have no box", () => {
  it("give no finding in 20,000, 1 % lost each way", () => {
    expect(falseFindings(lossyPaths(20_000, 0.01))).toBe(0);
  });

  it("give a false finding for less than one path in 500, 5 % lost each way", () => {
    expect(falseFindings(lossyPaths(5_000, 0.05))).toBeLessThan(10);
  });
});
