import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { printCapturedScan, readCapturedScan } from "../../../coordinator/replay/captured-scan.js";
import { parseAddress } from "../../../shared/address/address.js";
import {
  answer,
  CLAIM_V1,
  captureOf,
  expired,
  MSS,
  syn,
  turnedAway,
  V0,
  V1,
} from "../../shared/exchange/conversation.js";

const folder = mkdtempSync(join(tmpdir(), "parallax-captured-"));
afterAll(() => rmSync(folder, { recursive: true }));

function scanOf(...packets: readonly Uint8Array[]) {
  const file = join(folder, "scan.pcap");
  writeFileSync(file, captureOf(...packets.map((packet, i) => [i * 1_000, packet] as const)));
  return readCapturedScan(file);
}

const VARIANTS = { v0: V0, v1: V1, plain: [], "unknown-option": [253, 4, 0x50, 0x58] } as const;

/** The SYN of a variant to a host: each from a source port of its own, as no tool can do otherwise. */
function probe(host: number, variant: keyof typeof VARIANTS): Uint8Array {
  const sourcePort = 61_000 + Object.keys(VARIANTS).indexOf(variant);
  return syn({ target: parseAddress(`198.18.0.${host}`), sourcePort, options: [...MSS, ...VARIANTS[variant]] });
}

describe("replay --from-pcap", () => {
  it("gives every target that answered its verdicts, as a scan of its own would", () => {
    const all = (host: number) =>
      (Object.keys(VARIANTS) as (keyof typeof VARIANTS)[]).map((variant) => probe(host, variant));
    const [v0, v1, plain, unknown] = all(1) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    const scan = scanOf(
      ...[v0, v1, plain, unknown, answer(v0, "SYN/ACK"), answer(v1, "SYN/ACK", CLAIM_V1)],
      ...[answer(plain, "SYN/ACK"), answer(unknown, "SYN/ACK")],
      // A box that sends back what it gets.
      ...[probe(2, "v0"), answer(probe(2, "v0"), "SYN/ACK", V0)],
      // MPTCP is dropped, the control is not.
      ...[probe(3, "v1"), probe(3, "plain"), answer(probe(3, "plain"), "SYN/ACK")],
      ...[probe(4, "plain"), answer(probe(4, "plain"), "RST")],
      ...[probe(5, "plain"), turnedAway(probe(5, "plain"), 9)],
      probe(6, "plain"),
    );
    expect(scan).toMatchObject({ asked: 6, unpaired: 0, problem: null });
    expect(scan.views.map(({ target, answers, verdict }) => [target, answers, verdict])).toEqual([
      ["198.18.0.1", { v0: "plain", v1: "claims-v1", plain: "plain", "unknown-option": "plain" }, "claims-v1"],
      ["198.18.0.2", { v0: "echo" }, "echo"],
      ["198.18.0.3", { v1: "no-reply", plain: "plain" }, "blocked-on-mptcp"],
      ["198.18.0.4", { plain: "rst" }, "rst"],
      ["198.18.0.5", { plain: "unreachable" }, "unreachable"],
    ]);
    const lines = printCapturedScan(scan)
      .split("\n")
      .map((line) => line.trim().replace(/ +/g, " "));
    expect(lines[0]).toBe("target port v0 v1 plain unknown-option verdict");
    expect(lines[3]).toBe("198.18.0.3 80 - no-reply plain - blocked-on-mptcp");
    expect(lines).toContain("5 of 6 targets answered");
  });

  it("takes the target's answer before a router's, and the first of two", () => {
    const probes = [1, 2].map((ttl) => syn({ ttl, id: ttl }));
    const [first, second] = probes as [Uint8Array, Uint8Array];
    const { views } = scanOf(
      first,
      expired(first, 1),
      second,
      answer(second, "SYN/ACK", CLAIM_V1),
      answer(second, "RST"),
    );
    expect(views).toMatchObject([{ answers: { v1: "claims-v1" }, verdict: "claims-v1" }]);
  });

  it("refuses a capture without probes", () => {
    expect(() => scanOf(answer(syn({}), "SYN/ACK"))).toThrow("there is no SYN in");
    expect(() => readCapturedScan(join(folder, "absent.pcap"))).toThrow("cannot be read (ENOENT)");
  });
});
