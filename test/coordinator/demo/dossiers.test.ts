import { describe, expect, it } from "@jest/globals";
import { type BoxedTarget, unnamedBoxes, untrueDossiers } from "../../../coordinator/demo/dossiers.js";
import type { Dossier } from "../../../coordinator/dossier/document.js";

const REMOVED = "tcp.option.mptcp.removed";
const NOP = "tcp.option.mptcp.nop";

/** One box in transit for fra and nyc, one at the doorstep of sin; DSCP is no box's work. */
const TARGET: BoxedTarget = {
  ...{ network: "net", address: "198.19.1.10", port: 80 },
  changes: [
    ...["fra", "nyc"].map((vantage) => ({ vantage, condition: REMOVED, after: "192.0.2.1", before: "192.0.2.3" })),
    { vantage: "sin", condition: NOP, after: null, before: "192.0.2.9" },
    { vantage: "sin", condition: "ip.dscp.changed", after: "192.0.2.11", before: "192.0.2.13" },
  ],
};

function dossier(
  address: string | null,
  place: Dossier["place"],
  condition: string,
  ...vantages: readonly string[]
): Dossier {
  return {
    ...{ address, place, reverseName: null, asn: null, asName: null, country: null, exchange: null },
    ...{ after: [], before: [], seenInAnswersOnly: false, behaviour: [{ condition, paths: 1 }], fingerprints: [] },
    ...{ segmentSizes: [], quote: null, targets: 1, paths: 1, examples: [], confidence: 1 },
    seenFrom: vantages.map((vantage) => ({ vantage, paths: 1, hops: [1, 2], rttUs: null })),
    ...{ firstSeenMs: 0, lastSeenMs: 0, campaigns: [], scans: [] },
  };
}

const atDoorstep = dossier(null, "source", NOP, "sin");
const faults = (...dossiers: readonly Dossier[]) => [
  ...unnamedBoxes([TARGET], dossiers),
  ...untrueDossiers([TARGET], dossiers),
];

describe("dossiers held against the boxes that are there", () => {
  it.each([
    ["the first hop that shows the change", dossier("192.0.2.3", "at", REMOVED, "fra", "nyc")],
    ["the last hop that does not", dossier("192.0.2.1", "behind", REMOVED, "fra", "nyc")],
  ])("are right where they name a box by %s", (_name, one) => {
    expect(faults(one, atDoorstep)).toEqual([]);
  });

  const unnamed = (vantage: string) =>
    `net: no dossier names the box on the path from ${vantage} to 198.19.1.10 port 80 (${REMOVED} between 192.0.2.1 and 192.0.2.3)`;
  it.each([
    ["has no dossier", atDoorstep, [unnamed("fra"), unnamed("nyc")]],
    ["is not seen from a vantage point that sees it", dossier("192.0.2.3", "at", REMOVED, "fra"), [unnamed("nyc")]],
    [
      "is at another hop",
      dossier("192.0.2.5", "at", REMOVED, "fra", "nyc"),
      [unnamed("fra"), unnamed("nyc"), "a dossier has a box at 192.0.2.5 or right in front of it, where there is none"],
    ],
    [
      "is on the other side of its hop",
      dossier("192.0.2.3", "behind", REMOVED, "fra", "nyc"),
      ["a dossier has a box at 192.0.2.3 or right behind it, where there is none"],
    ],
    [
      "does something else",
      dossier("192.0.2.3", "at", NOP, "fra", "nyc"),
      [
        unnamed("fra"),
        unnamed("nyc"),
        `a dossier says ${NOP} of the box at 192.0.2.3, which does not do it`,
        "a dossier says that fra sees the box at 192.0.2.3, which is not on its way",
        "a dossier says that nyc sees the box at 192.0.2.3, which is not on its way",
      ],
    ],
    [
      "is seen from a vantage point whose path it is not on",
      dossier("192.0.2.3", "at", REMOVED, "fra", "nyc", "sin"),
      ["a dossier says that sin sees the box at 192.0.2.3, which is not on its way"],
    ],
    [
      "is at the doorstep of another vantage point",
      dossier(null, "source", NOP, "fra"),
      [unnamed("fra"), unnamed("nyc"), "a dossier has a box at the vantage point fra itself, where there is none"],
    ],
  ])("are told where a box %s", (_name, one, lines) => {
    expect(faults(one, atDoorstep)).toEqual(lines);
  });
});
