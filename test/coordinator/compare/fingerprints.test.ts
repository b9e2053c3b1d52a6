import { describe, expect, it } from "@jest/globals";
import type { Hop, View } from "../../../coordinator/compare/evidence.js";
import { FINGERPRINTS } from "../../../coordinator/compare/fingerprints.js";
import { changesOn } from "../../../coordinator/compare/judge.js";
import { answering, quoting, trace, view } from "./paths.js";

const nop = "tcp.option.mptcp.nop";
const mss = "tcp.option.mss.changed";

function looks(one: View): Record<string, readonly string[]> {
  return Object.fromEntries(changesOn([one]).map(({ condition, fingerprints }) => [condition, fingerprints]));
}
const behind = (...changes: string[]): Hop => quoting(2, "r2", changes);
const through = (hop: Hop, verdict: "plain" | "claims-v1" = "plain") =>
  view("fra", verdict, trace("v1", quoting(1, "r1"), hop, answering(3, "h", verdict)));

describe("fingerprints", () => {
  it("take a box that overwrites option 30 alone for PAN-OS, or any other filler", () => {
    expect(looks(through(behind(nop)))).toEqual({ [nop]: ["pan-os", "nop-filler"] });
  });

  it("do not take one for PAN-OS that clamps the MSS in the same place, but for two boxes apart", () => {
    expect(looks(through({ ...behind(nop, mss), quotedMss: 1400 }))[nop]).toEqual(["nop-filler"]);
    const apart = view(
      "fra",
      "plain",
      trace("v1", quoting(1, "r1"), quoting(2, "r2", [nop]), quoting(3, "r3", [nop, mss]), answering(4, "h", "plain")),
    );
    expect(looks(apart)[nop]).toEqual(["pan-os", "nop-filler"]);
  });

  it("know Cisco ASA by an MSS of 1380, and a PPPoE line by 1452", () => {
    expect(looks(through({ ...behind(mss), quotedMss: 1380 }, "claims-v1"))).toEqual({ [mss]: ["cisco-asa"] });
    expect(looks(through({ ...behind(mss), quotedMss: 1452 }, "claims-v1"))).toEqual({ [mss]: ["pppoe"] });
    expect(looks(through({ ...behind(mss), quotedMss: 1300 }, "claims-v1"))).toEqual({ [mss]: [] });
    const randomizing = { ...behind(mss, "tcp.seq.changed"), quotedMss: 1380 };
    expect(looks(through(randomizing))["tcp.seq.changed"]).toEqual(["cisco-asa-randomizing", "sequence-rewriter"]);
  });

  it("tell mirrors apart by what they send back", () => {
    const echo = (variant: "v0" | "v1", verdict: "echo" | "plain") =>
      trace(variant, quoting(1, "r1"), answering(2, "h", verdict));
    const mirror = (unknown: "echo" | "plain", v1: "echo" | "plain"): View => ({
      ...view("fra", "echo", echo("v0", "echo"), echo("v1", v1)),
      unknown,
      v1,
    });
    const echoed = "tcp.option.mptcp.echoed";
    expect(looks(mirror("echo", "echo"))[echoed]).toEqual(["option-mirror"]);
    expect(looks(mirror("plain", "echo"))[echoed]).toEqual(["mptcp-mirror"]);
    expect(looks(mirror("plain", "plain"))[echoed]).toEqual(["v0-mirror"]);
  });

  it("know Linux' SYNPROXY by its window", () => {
    const plain = trace("plain", quoting(1, "r1"), answering(2, "h", "plain"));
    const synAcks = [{ variant: "plain", replyTtl: 63, window: 0, optionKinds: [2, 8] }] as const;
    expect(looks({ ...view("fra", "plain", plain), synAcks })).toEqual({ "tcp.synack.proxied": ["linux-synproxy"] });
  });

  it("have names of their own, a condition to be about, and say where they are from", () => {
    expect(new Set(FINGERPRINTS.map(({ name }) => name)).size).toBe(FINGERPRINTS.length);
    for (const { all, some = [], words, source } of FINGERPRINTS) {
      expect([...all, ...some].some((mark) => /^tcp\./.test(mark))).toBe(true);
      expect([words, source]).not.toContain("");
    }
  });
});
