import { describe, expect, it } from "@jest/globals";
import { formatTrace, plainPaint, type TraceReport, terminalPaint } from "../../../agent/cli/trace-report.js";
import { parseAddress } from "../../../shared/address/address.js";
import type { TraceHopRow } from "../../../shared/batch/rows.js";

const target = parseAddress("198.18.0.1");

function hop(ttl: number, from: string, more: Partial<TraceHopRow> = {}): TraceHopRow {
  return {
    table: "trace_hops",
    source: "s",
    index: 0,
    target,
    port: 80,
    variant: "v1",
    ttl,
    kind: "time-exceeded",
    responder: parseAddress(from),
    receivedAtUs: 0,
    rttUs: 1250,
    replyTtl: 60,
    verdict: "",
    mptcp: "unmodified",
    changes: [],
    unobservable: [],
    quote: new Uint8Array(0),
    options: new Uint8Array(0),
    icmpType: 11,
    icmpCode: 0,
    firstDifferenceBit: null,
    icmpExtensions: [],
    sentFrom: parseAddress("203.0.113.7"),
    ...more,
  };
}

function lines(hops: readonly TraceHopRow[], variant: TraceReport["variant"] = "v1"): string[] {
  return formatTrace({ target, port: 80, variant, hops }, plainPaint).map((line) => line.replace(/ +/g, " ").trim());
}

describe("trace report", () => {
  it("has a line per hop in order, silent hops too, and what the target answered", () => {
    const found = lines([
      hop(4, "198.18.0.1", { kind: "synack", verdict: "claims-v1", mptcp: "unobservable" }),
      hop(1, "192.0.2.1"),
      hop(3, "203.0.113.3", { rttUs: null }),
    ]);
    expect(found).toEqual([
      "198.18.0.1 port 80, SYN with MP_CAPABLE v1",
      "1 192.0.2.1 1.3 ms unchanged",
      "2 no answer",
      "3 203.0.113.3 unchanged",
      "4 198.18.0.1 1.3 ms SYN/ACK with MPTCP v1",
    ]);
  });

  it("says between which hops a field changed, leaving out those that could not show it", () => {
    const found = lines([
      hop(1, "192.0.2.1"),
      hop(2, "192.0.2.2", { mptcp: "unobservable", unobservable: ["tcp.flags", "tcp.option.mptcp"] }),
      hop(3, "203.0.113.3", { mptcp: "stripped-removed", changes: ["tcp.option.mptcp.removed"] }),
      hop(4, "203.0.113.4", { mptcp: "stripped-removed", changes: ["tcp.option.mptcp.removed"] }),
      hop(5, "198.18.0.1", { kind: "synack", verdict: "plain", mptcp: "unobservable" }),
    ]);
    expect(found[2]).toBe("2 192.0.2.2 1.3 ms quote too short to see the option");
    expect(found[3]).toBe("3 203.0.113.3 1.3 ms the MPTCP option is cut out");
    expect(found.slice(6)).toEqual(["the MPTCP option is cut out between hop 1 (192.0.2.1) and hop 3 (203.0.113.3)"]);
  });

  it("says so when no hop before the change is known to be clean", () => {
    const found = lines([hop(2, "192.0.2.2", { changes: ["tcp.option.mss.changed"] })]);
    expect(found).toContain("the maximum segment size is rewritten before hop 2 (192.0.2.2)");
  });

  it("says how far a probe came that did not arrive, and when nothing answered at all", () => {
    expect(lines([hop(1, "192.0.2.1"), hop(2, "192.0.2.2")]).at(-1)).toBe(
      "not reached: the last answer came from hop 2 (192.0.2.2)",
    );
    expect(lines([]).at(-1)).toBe("no hop answered: nothing came back to any probe");
  });

  it("shows an unreachable with its numbers, and what its quote shows", () => {
    const found = lines([hop(1, "192.0.2.1", { kind: "unreachable", icmpType: 3, icmpCode: 13 })]);
    expect(found[1]).toBe("1 192.0.2.1 1.3 ms unreachable (ICMP type 3, code 13); unchanged");
  });

  it("names fields of a control probe that a short quote does not show", () => {
    const [, line] = lines(
      [hop(1, "192.0.2.1", { variant: "plain", unobservable: ["tcp.option.ts", "tcp.window"] })],
      "plain",
    );
    expect(line).toBe("1 192.0.2.1 1.3 ms quote too short to see tcp.option.ts, tcp.window");
  });

  it("shows what a router told of itself behind its hop, whatever its quote shows", () => {
    const icmpExtensions = ["mpls label=24001 exp=0 s=1 ttl=1", "interface role=incoming index=7 name=eth0"];
    expect(lines([hop(1, "192.0.2.1", { icmpExtensions })])[1]).toBe(
      "1 192.0.2.1 1.3 ms unchanged <mpls label=24001 exp=0 s=1 ttl=1> <interface role=incoming index=7 name=eth0>",
    );
  });

  it("tells how packets are marked apart from what is changed, in a hop and below", () => {
    const paint = { ...plainPaint, changed: (text: string) => `!${text}!` };
    const hops = [
      hop(1, "192.0.2.1"),
      hop(2, "192.0.2.2", { changes: ["ip.dscp.changed", "ip.ecn.changed"] }),
      hop(3, "203.0.113.3", { mptcp: "stripped-removed", changes: ["ip.dscp.changed", "tcp.option.mptcp.removed"] }),
    ];
    const found = formatTrace({ target, port: 80, variant: "v1", hops }, paint).map((line) => line.trim());
    expect(found[2]).toMatch(/ unchanged; marking: the DSCP is rewritten, the ECN bits are rewritten$/);
    expect(found[3]).toMatch(/ !the MPTCP option is cut out!; marking: the DSCP is rewritten$/);
    expect(found.slice(4)).toEqual([
      "!the MPTCP option is cut out! between hop 2 (192.0.2.2) and hop 3 (203.0.113.3)",
      "the DSCP is rewritten between hop 1 (192.0.2.1) and hop 2 (192.0.2.2)",
      "the ECN bits are rewritten between hop 1 (192.0.2.1) and hop 2 (192.0.2.2)",
      "not reached: the last answer came from hop 3 (203.0.113.3)",
    ]);
  });

  it("colours only where it is told to", () => {
    const report: TraceReport = { target, port: 80, variant: "v1", hops: [hop(1, "192.0.2.1")] };
    expect(formatTrace(report, plainPaint).join()).not.toContain("\u001b");
    expect(formatTrace(report, terminalPaint).join()).toContain("\u001b[32munchanged\u001b[0m");
  });
});
