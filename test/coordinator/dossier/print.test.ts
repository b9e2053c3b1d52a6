import { describe, expect, it } from "@jest/globals";
import type { Dossier, Dossiers } from "../../../coordinator/dossier/document.js";
import { printDossiers } from "../../../coordinator/dossier/print.js";
import { withReverseNames } from "../../../coordinator/dossier/reverse-names.js";

const AT_MS = Date.parse("2026-03-02T03:00:00Z");
const dossier: Dossier = {
  ...{ address: "198.51.100.7", place: "at", reverseName: null, asn: 64_500, asName: "Example", country: "DE" },
  ...{ exchange: null, after: ["192.0.2.2"], before: ["198.51.100.7"], seenInAnswersOnly: false },
  behaviour: [{ condition: "tcp.option.mptcp.removed", paths: 2 }],
  ...{ fingerprints: ["pan-os"], segmentSizes: [1380] },
  quote: { tcpBytes: [8, 24], initialTtls: [64], extensions: ["mpls 16001"] },
  seenFrom: [{ vantage: "fra", paths: 2, hops: [2, 3], rttUs: 3_400 }],
  ...{ targets: 1, paths: 2, examples: [{ target: "198.18.0.3", port: 80 }], confidence: 0.75 },
  ...{ firstSeenMs: AT_MS, lastSeenMs: AT_MS + 60_000, campaigns: ["a", "b"], scans: [] },
};
const document: Dossiers = { campaign: "b", vantages: ["fra", "sin"], dossiers: [dossier], boxes: 3, knowledge: [] };

describe("dossiers as text", () => {
  it("say where each box is, what it does and who sees it", () => {
    const text = printDossiers(document);
    for (const words of [
      "1. at 198.51.100.7 or right in front of it",
      "2 paths        the MPTCP option is cut out",
      "AS64500 Example, DE",
      "8 to 24 bytes of TCP (with options, as RFC 1812 wants); errors start with TTL 64; mpls 16001",
      "between hop 2 and 3, 3.4 ms",
      "by 1 of 2 vantage points, on 2 paths to 1 targets",
      "2026-03-02 03:00, 2026-03-02 03:01, in 2 campaigns: a, b",
      "2 more with --all",
    ]) {
      expect(text).toContain(words);
    }
  });

  it("say that there is none", () => {
    expect(printDossiers({ ...document, dossiers: [], boxes: 0 })).toBe("Campaign b: no trace shows a box\n");
  });
});

describe("names of addresses", () => {
  const failing = (code: string) => async () => {
    throw Object.assign(new Error(code), { code });
  };

  it("are those that were asked for, and none where there is none", async () => {
    const atSource: Dossier = { ...dossier, address: null, place: "source" };
    const asked: string[] = [];
    const found = await withReverseNames({ ...document, dossiers: [dossier, dossier, atSource] }, async (address) => {
      asked.push(address);
      return ["box.example.net", "other.example.net"];
    });
    expect(asked).toEqual(["198.51.100.7"]);
    expect(found.dossiers.map(({ reverseName }) => reverseName)).toEqual(["box.example.net", "box.example.net", null]);
    expect((await withReverseNames(document, failing("ENOTFOUND"))).dossiers[0]?.reverseName).toBeNull();
  });

  it("fail where the question does", async () => {
    await expect(withReverseNames(document, failing("EINVAL"))).rejects.toThrow("EINVAL");
  });
});
