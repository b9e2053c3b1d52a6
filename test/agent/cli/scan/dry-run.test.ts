import { describe, expect, it } from "@jest/globals";
import { dryRunToJson, formatDryRun } from "../../../../agent/cli/scan/dry-run-text.js";
import { describeProbe } from "../../../../agent/cli/scan/probe-line.js";

const hex = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits.replace(/\s/g, ""), "hex"));

/** From Linux 6.18: 198.18.0.1.59824 > 203.0.113.9.443: Flags [S], seq 1738303873, win 64240, ttl 64, id 24672. */
const SYN = hex(`
  45000040 60604000 4006d858 c6120001 cb007109 e9b001bb 679c6981 00000000
  b002faf0 02500000 020405b4 0402080a 2350801f 00000000 0103030a 1e040181`);

const RUN = {
  addresses: 65_536,
  targets: 131_072,
  excluded: 257,
  exclusions: [
    { prefix: "198.18.7.0/24", why: "asked by mail (block.txt)", addresses: 256 },
    { prefix: "198.18.9.9/32", why: "block.txt", addresses: 1 },
  ],
  packetsPerSecond: 10_000,
  packets: { least: 524_288, most: 1_048_576 },
  bytes: { least: 53_477_376, most: 106_954_752 },
  hours: { least: 0.0146, most: 0.0302 },
  probes: [SYN],
};

describe("a dry run", () => {
  it("says what would be sent, what is left out and why, and what it costs", () => {
    expect(formatDryRun(RUN)).toBe(
      [
        "nothing is sent; the scan would be:",
        "  targets   131,072 (65,536 addresses)",
        "  left out  257 addresses",
        "            256 in 198.18.7.0/24: asked by mail (block.txt)",
        "            1 in 198.18.9.9/32: block.txt",
        "  packets   524,288 (all answered) to 1,048,576 (none answered)",
        "  bytes     53.5 MB (all answered) to 107.0 MB (none answered) on the wire",
        "  hours     0.0146 (all answered) to 0.0302 (none answered) at 10,000 packets a second",
        "its first probes:",
        `  ${describeProbe(SYN)}`,
        "",
      ].join("\n"),
    );
  });

  it("names the largest twenty prefixes, and counts the others", () => {
    const exclusions = Array.from({ length: 23 }, (_, i) => ({ prefix: `198.18.${i}.0/24`, why: "x", addresses: 256 }));
    const text = formatDryRun({ ...RUN, exclusions });
    expect(text).toContain("198.18.19.0/24");
    expect(text).not.toContain("198.18.20.0/24");
    expect(text).toContain("and more in 3 other prefixes");
  });

  it("is one document for a program, with the probes decoded", () => {
    expect(JSON.parse(JSON.stringify(dryRunToJson(RUN)))).toMatchObject({
      targets: 131_072,
      packets: { least: 524_288, most: 1_048_576 },
      exclusions: RUN.exclusions,
      probes: [{ type: "tcp", destination: "203.0.113.9", destinationPort: 443, flags: ["SYN"] }],
    });
  });

  it("prints a probe much as tcpdump does", () => {
    expect(describeProbe(SYN)).toBe(
      "198.18.0.1.59824 > 203.0.113.9.443: SYN, seq 1738303873, win 64240, ttl 64, id 24672, " +
        "options [mss 1460,sackok,ts val 592478239 ecr 0,nop,ws 10,mptcp capable v1], 64 bytes",
    );
  });
});
