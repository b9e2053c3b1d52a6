import { describe, expect, it } from "@jest/globals";
import type { Explanation } from "../../../coordinator/compare/document.js";
import type { Handshake } from "../../../coordinator/compare/evidence.js";
import { changesOn, judge } from "../../../coordinator/compare/judge.js";
import { printComparison } from "../../../coordinator/compare/print.js";
import { printExplanation } from "../../../coordinator/explain/print.js";
import { RULE_VERSION } from "../../../shared/verdict/rules.js";
import { answering, quoting, trace, view } from "./paths.js";

const removed = ["tcp.option.mptcp.removed"];
const hidden = view(
  "sin",
  "plain",
  trace("v1", quoting(1, "192.0.2.1"), quoting(2, "192.0.2.3", removed), answering(3, "198.19.7.10", "plain")),
);
const open = view("fra", "claims-v1", trace("v1", quoting(1, "192.0.2.9"), answering(2, "198.19.7.10", "claims-v1")));
const changes = changesOn([open, hidden]);
const { host, placement } = judge([open, hidden], changes);
const explanation: Explanation = {
  campaign: "zoo",
  target: "198.19.7.10",
  port: 80,
  hostVerdict: host.result,
  hostRule: host.rule,
  placement: placement.result,
  placementRule: placement.rule,
  ruleVersion: RULE_VERSION,
  why: { host, placement },
  views: { fra: "claims-v1", sin: "plain" },
  changes,
  evidence: [open, hidden],
  doorsteps: [],
};
const doorstep = {
  ...{ vantage: "sin", agent: "sin-1", reference: "ams-1", testedAtMs: 1_700_000_000_000 },
  changes: ["tcp.option.mptcp.nop"],
};

describe("printExplanation", () => {
  it("says in words what the host is, who sees it and where the option goes", () => {
    const text = printExplanation(explanation);
    expect(text).toContain("198.19.7.10 port 80 speaks Multipath TCP");
    expect(text).toContain("near the vantage point that sees it");
    expect(text).toContain("the MPTCP option is cut out between hop 1 (192.0.2.1) and hop 2 (192.0.2.3)");
    expect(text).not.toContain("Handshakes");
  });

  it("says what handshakes proved, from where, and what else they showed", () => {
    const nothing = { after: "", join: "", noJoin: false, addresses: [] } as const;
    const proved: Handshake = {
      variant: "v1",
      verdict: "dss-proved",
      after: "payload-altered",
      join: "join-accepted",
      noJoin: true,
      addresses: ["192.0.2.7 id 3"],
    };
    const text = printExplanation({
      ...explanation,
      evidence: [
        { ...open, handshakes: [{ ...nothing, variant: "v0", verdict: "fell-back" }, proved] },
        { ...hidden, handshakes: [{ ...nothing, variant: "v1", verdict: "join-reset", after: "dss-stripped" }] },
      ],
    });
    const lines = text.split("\n");
    const at = lines.indexOf("Handshakes with it");
    expect(lines.slice(at + 1, at + 4).map((line) => line.trim().split(/ {2,}/))).toEqual([
      ["fra", "v0", expect.stringMatching(/^TCP: /), "[fell-back]"],
      [
        "fra",
        "v1",
        expect.stringMatching(/^speaks MPTCP: .*data was changed.*second subflow accepted/),
        "[dss-proved]",
      ],
      ["sin", "v1", expect.stringMatching(/^knows MPTCP: .*; DSS was taken out/), "[join-reset]"],
    ]);
    expect(lines[at + 2]).toMatch(/no further subflows to this address; it announces 192\.0\.2\.7 id 3 /);
  });

  it("tells how packets are marked behind what is changed, and shows the trace that says more", () => {
    const dscp = ["ip.dscp.changed"];
    const marked = trace("v1", quoting(1, "192.0.2.9", dscp), answering(2, "198.19.7.10", "plain"));
    const cut = trace("v0", quoting(1, "192.0.2.9", [...dscp, ...removed]), answering(2, "198.19.7.10", "plain"));
    const evidence = [view("fra", "plain", marked, cut)];
    const text = printExplanation({ ...explanation, evidence, changes: changesOn(evidence) });
    expect(text).toMatch(
      /192\.0\.2\.9 +quotes it changed: the MPTCP option is cut out; marking: the DSCP is rewritten\n/,
    );
    expect(text.indexOf("the MPTCP option is cut out between")).toBeLessThan(
      text.indexOf("the DSCP is rewritten between"),
    );
    const alone = [view("fra", "plain", marked)];
    expect(printExplanation({ ...explanation, evidence: alone, changes: changesOn(alone) })).toMatch(
      /192\.0\.2\.9 +quotes it as sent; marking: the DSCP is rewritten\n/,
    );
  });

  it("shows behind a hop what its router told of itself", () => {
    const told = { ...quoting(1, "192.0.2.9"), icmpExtensions: ["mpls label=24001 exp=0 s=1 ttl=1"] };
    const evidence = [view("fra", "claims-v1", trace("v1", told, answering(2, "198.19.7.10", "claims-v1")))];
    expect(printExplanation({ ...explanation, evidence })).toMatch(
      /192\.0\.2\.9 +quotes it as sent {2}<mpls label=24001 exp=0 s=1 ttl=1>\n/,
    );
  });

  it("says why: the rules that decided, and who saw what they stand on", () => {
    const lines = printExplanation(explanation).split("\n");
    const why = lines.slice(lines.indexOf("Why"), lines.indexOf("What each vantage point saw") - 1);
    expect(why).toEqual([
      "Why",
      "  one genuine answer over a path that leaves the option alone is enough, whatever others see  [genuine-answer]",
      "    because fra got a SYN/ACK with a key of its own (v1) over a path whose 1 quoting hop leaves option 30 alone",
      "  it shows in the first two hops of the paths that have it  [at-the-start]",
      "    because sin finds at hop 2 (192.0.2.3) that the MPTCP option is cut out",
    ]);
  });

  it("says what a box at the vantage point itself does, under that vantage point", () => {
    const lines = printExplanation({ ...explanation, doorsteps: [doorstep] }).split("\n");
    const at = lines.findIndex((line) => line.includes("on its own doorstep: SYNs of sin-1 reached ams-1 changed"));
    expect(at).toBeGreaterThan(lines.findIndex((line) => /^ +sin +/.test(line)));
    expect(at).toBeGreaterThan(lines.findIndex((line) => /^ +fra +/.test(line)));
    expect(printExplanation(explanation)).not.toContain("doorstep");
  });

  it("says how sure an interval is, and what the box looks like", () => {
    const text = printExplanation(explanation);
    expect(text).toContain("confidence 0.50: 1 trace shows it there\n");
    expect(text).toContain("looks like PAN-OS as delivered");
  });

  it("says so when the campaign was judged by other rules, which gave another verdict", () => {
    const old: Explanation = { ...explanation, hostVerdict: "not-capable", ruleVersion: 1 };
    expect(printExplanation(old)).toContain(
      `judged by rules of version 1; these are of version ${RULE_VERSION}, and say mptcp, near-source`,
    );
  });
});

describe("printComparison", () => {
  it("shows a row per target with the verdict of every vantage point and the interval", () => {
    const text = printComparison({
      campaign: "zoo",
      vantages: ["fra", "sin"],
      targets: 1,
      classes: [{ hostVerdict: host.result, placement: placement.result, targets: 1 }],
      verdicts: [],
      handshakes: [
        { vantage: "fra", variant: "v1", verdict: "dss-proved", targets: 1_200 },
        { vantage: "sin", variant: "v1", verdict: "dss-proved", targets: 2 },
        { vantage: "sin", variant: "v1", verdict: "fell-back", targets: 3 },
      ],
      disagreements: [explanation],
      middleboxes: [
        {
          condition: "tcp.option.mptcp.removed",
          after: "192.0.2.1",
          before: "192.0.2.3",
          vantages: ["sin"],
          targets: 1,
          confidence: 0.5,
          fingerprints: ["pan-os"],
        },
      ],
      markings: [
        {
          condition: "ip.dscp.changed",
          after: "192.0.2.1",
          before: "192.0.2.3",
          vantages: ["sin"],
          targets: 1,
          confidence: 0.5,
          fingerprints: ["pan-os"],
        },
      ],
      doorsteps: [doorstep],
    });
    expect(text).toMatch(/own doorsteps.*\n +sin +SYNs of sin-1 reached ams-1 changed: the MPTCP option/);
    const row = text.split("\n").find((line) => line.includes("198.19.7.10"));
    expect(row?.trim().split(/ {2,}/)).toEqual([
      "198.19.7.10",
      "80",
      "claims-v1",
      "plain",
      "mptcp",
      "near-source",
      "192.0.2.1 | 192.0.2.3",
    ]);
    expect(text).toContain("the MPTCP option is cut out");
    const [, below = ""] = text.split("Packets marked anew (DSCP, ECN)");
    expect(below).toContain("the DSCP is rewritten");
    expect(below).not.toContain("MPTCP");
    const handshakes = text.slice(text.indexOf("Handshakes")).split("\n").slice(1, 4);
    expect(handshakes.map((line) => line.trim().split(/ {2,}/))).toEqual([
      ["vantage", "MPTCP", "join-reset", "dss-proved", "fell-back", "unconfirmed"],
      ["fra", "v1", "0", "1,200", "0", "0"],
      ["sin", "v1", "0", "2", "3", "0"],
    ]);
  });
});
