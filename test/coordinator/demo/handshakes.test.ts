import { describe, expect, it } from "@jest/globals";
import { type HandshakeFound, handshakeDifferences, needleDifferences } from "../../../coordinator/demo/handshakes.js";

const expected = {
  network: "strip",
  address: "198.19.7.10",
  port: 80,
  views: { fra: "claims-v1", nyc: "no-reply", sin: "plain" },
  handshakes: { fra: "proved", sin: "unproved" },
} as const;
const handshake = (vantage: string, variant: "v0" | "v1", verdict: HandshakeFound["verdict"]): HandshakeFound => ({
  target: "198.19.7.10",
  port: 80,
  vantage,
  variant,
  verdict,
});
const right = [
  handshake("fra", "v0", "fell-back"),
  handshake("fra", "v1", "dss-proved"),
  handshake("sin", "v0", "fell-back"),
  handshake("sin", "v1", "fell-back"),
];

describe("the handshakes of a demo", () => {
  it("are right when a kernel's MPTCP is proved from where its answer comes through, and nothing else", () => {
    expect(handshakeDifferences([expected], right)).toEqual([]);
    expect(handshakeDifferences([expected], [...right, handshake("nyc", "v1", "unconfirmed")])).toEqual([]);
  });

  it.each<[string, HandshakeFound, string]>([
    ["a kernel is not proved", handshake("fra", "v1", "join-reset"), "v1 from fra is join-reset, should be dss-proved"],
    ["a box is taken for one", handshake("sin", "v1", "dss-proved"), "v1 from sin is dss-proved, should be no proof"],
    ["its refusal is", handshake("sin", "v1", "join-reset"), "v1 from sin is join-reset, should be no proof"],
    ["silence is", handshake("nyc", "v1", "join-reset"), "v1 from nyc is join-reset, should be no proof"],
    ["version 0 is proved", handshake("fra", "v0", "dss-proved"), "v0 from fra is dss-proved, should be no proof"],
  ])("differ when %s", (_what, wrong, line) => {
    const others = right.filter((one) => one.vantage !== wrong.vantage || one.variant !== wrong.variant);
    expect(handshakeDifferences([expected], [...others, wrong])).toEqual([
      `strip: 198.19.7.10 port 80: handshake ${line}`,
    ]);
  });

  it("differ when they were not made", () => {
    expect(handshakeDifferences([expected], [])).toEqual([
      "strip: 198.19.7.10 port 80: handshake v1 from fra is missing, should be dss-proved",
      "strip: 198.19.7.10 port 80: handshake v1 from sin is missing, should be no proof, but made",
    ]);
  });

  it("are with the crowd's needles alone, on both ports from everywhere", () => {
    const lab = {
      needles: ["198.18.5.9"],
      machines: ["fra", "sin"].flatMap((vantage) => [machine(vantage), machine(vantage)]),
    };
    const found = ["fra", "sin"].flatMap((vantage) =>
      [80, 443].map((port) => ({ ...handshake(vantage, "v1", "dss-proved"), target: "198.18.5.9", port })),
    );
    expect(needleDifferences(lab, found)).toEqual([]);
    expect(needleDifferences(lab, [...found.slice(1), handshake("fra", "v1", "fell-back")])).toEqual([
      "crowd: 198.18.5.9 port 80: handshake v1 from fra is missing, should be dss-proved",
      "crowd: 1 handshakes with hosts that claim nothing",
    ]);
  });
});

function machine(vantage: string) {
  return { name: `${vantage}-1`, vantage, labels: {}, interface: "eth0", ipv4: "192.0.2.1", ipv6: "2001:2::1" };
}
