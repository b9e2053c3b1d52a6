import { describe, expect, it } from "@jest/globals";
import {
  parseCampaign,
  parseShare,
  scanVariants,
  traceVariants,
  verifyVariants,
} from "../../../coordinator/campaign/spec.js";
import { UserError } from "../../../shared/errors.js";

const FULL = `
series: weekly
targets: { ipv4: [198.18.0.0/15], ipv6: { hitlist: hitlist.txt }, exclude: [198.18.4.0/24] }
ports: [80, 443]
placement:
  mode: partition
  recheck: { verdicts: [claims-v0, echo, blocked-on-mptcp], sample: 1/256 }
  vantages: "region in (eu-central, us-east)"
  ports: { 80: "web=80", 443: "web=443" }
stages:
  synscan: { mptcp: [v0, v1], control: true, options: linux }
  verify: { from: [claims-v0, claims-v1, echo] }
  tracebox: { from: [claims-v0, claims-v1], maxTtl: 20 }
rate: { perAgentPps: 100000, total: 1000000 }
seed: 42
`;
const SMALL = "series: s\ntargets: { ipv4: [192.0.2.0/24] }\nports: [80]\n";

function failure(text: string): UserError {
  try {
    parseCampaign(text);
  } catch (error) {
    if (error instanceof UserError) {
      return error;
    }
    throw error;
  }
  throw new Error("the campaign was accepted");
}

describe("a campaign file", () => {
  it("is read in the shape of the design document", () => {
    const spec = parseCampaign(FULL);

    expect(spec.targets).toEqual({
      ipv4: ["198.18.0.0/15"],
      ipv6: { hitlist: "hitlist.txt" },
      exclude: ["198.18.4.0/24"],
    });
    expect(spec.placement.ports).toEqual({ "80": "web=80", "443": "web=443" });
    expect(spec.rate).toEqual({
      perAgentPps: 100_000,
      total: 1_000_000,
      canaryIntervalMs: 60_000,
      perRouter: 1_000,
    });
    expect(spec.seed).toBe(42);
    expect(spec.stages.verify).toMatchObject({ from: ["claims-v0", "claims-v1", "echo"] });
    expect(spec.stages.tracebox).toMatchObject({ from: ["claims-v0", "claims-v1"], maxTtl: 20 });
  });

  it("can name canaries, with one verdict, one for each variant, or none", () => {
    const { canaries } = parseCampaign(`${SMALL}canaries:
  - { target: 192.0.2.1, port: 80, expect: claims-v1 }
  - { target: "2001:DB8::1", port: 80, expect: { v1: claims-v1, plain: plain } }
  - { target: 192.0.2.2, port: 80 }
`);

    expect(canaries).toEqual([
      { target: "192.0.2.1", port: 80, expect: "claims-v1" },
      { target: "2001:db8::1", port: 80, expect: { v1: "claims-v1", plain: "plain" } },
      { target: "192.0.2.2", port: 80 },
    ]);
  });

  it("needs no more than series, targets and ports", () => {
    const spec = parseCampaign(SMALL);

    expect(spec.placement).toEqual({ mode: "partition", vantages: "", ports: {} });
    expect(spec.stages.verify).toBeUndefined();
    expect(spec.stages.tracebox).toBeUndefined();
    expect(scanVariants(spec)).toEqual(["v0", "v1", "plain", "unknown-option"]);
  });

  it("pairs the SYN scan with controls unless told otherwise, and traces with and without the option", () => {
    const spec = parseCampaign(`${SMALL}stages: { synscan: { mptcp: [v1], control: false }, tracebox: {} }`);

    expect(scanVariants(spec)).toEqual(["v1"]);
    expect(traceVariants(spec)).toEqual(["v1", "plain"]);
  });

  it("makes handshakes with whoever claims MPTCP, in the versions that were scanned, unless told otherwise", () => {
    const spec = (verify: string) =>
      parseCampaign(`${SMALL}stages: { synscan: { mptcp: [v1] }, verify: { ${verify} } }`);

    expect(spec("").stages.verify?.from).toEqual(["claims-v0", "claims-v1"]);
    expect(verifyVariants(spec(""))).toEqual(["v1"]);
    expect(verifyVariants(spec("mptcp: [v0]"))).toEqual(["v0"]);
  });

  it("times pages of hosts that speak MPTCP or stand behind a box, unless told otherwise", () => {
    const { timing } = parseCampaign(`${SMALL}stages: { timing: {} }`).stages;
    expect(timing).toEqual({
      from: ["mptcp", "middlebox-near-host"],
      ...{ runs: 6, timeoutMs: 20_000, bodyLimitBytes: 65_536, https: [443] },
    });
    expect(parseCampaign(SMALL).stages.timing).toBeUndefined();
  });

  it.each([
    [
      "an address that is not one",
      SMALL.replace("192.0.2.0/24", "192.0.2.0/24, 300.1.1.0/24"),
      'targets.ipv4[1]: "300.1.1.0/24" is not an IPv4 prefix',
    ],
    [
      "an IPv6 prefix among the IPv4 ones",
      SMALL.replace("192.0.2.0/24", "'2001:db8::/32'"),
      'targets.ipv4[0]: "2001:db8::/32" is not an IPv4 prefix',
    ],
    [
      "a bad IPv6 address",
      SMALL.replace("{ ipv4", "{ ipv6: ['2001:db8::1', '2001:db8::g'], ipv4"),
      'targets.ipv6[1]: "2001:db8::g" is not an IPv6 address',
    ],
    ["a bad exclusion", SMALL.replace("{ ipv4", "{ exclude: [x], ipv4"), 'targets.exclude[0]: "x" is not a prefix'],
    ["an unknown key", `${SMALL}colour: red`, "colour: there is no such key"],
    [
      "an unknown key further down",
      `${SMALL}stages: { synscan: { mtcp: [v0] } }`,
      "stages.synscan.mtcp: there is no such key",
    ],
    [
      "an unknown key in a hitlist",
      SMALL.replace("{ ipv4", "{ ipv6: { hitlsit: a }, ipv4"),
      "targets.ipv6.hitlsit: there is no such key",
    ],
    ["a wrong type", SMALL.replace("[80]", "eighty"), 'ports: "eighty" is not a list'],
    ["text instead of a number", SMALL.replace("[80]", "['80']"), 'ports[0]: "80" is not a number'],
    ["a port that is none", SMALL.replace("[80]", "[80, 70000]"), "ports[1]: 70000 is more than 65535"],
    ["a port twice", SMALL.replace("[80]", "[80, 80]"), "ports: has the same entry twice"],
    ["no ports", SMALL.replace("[80]", "[]"), "ports: a list of 0 is less than 1"],
    ["a misspelt key", SMALL.replace("ports", "port"), "port: there is no such key"],
    ["a missing key", "series: s\nports: [80]", "targets: is missing"],
    ["no targets", SMALL.replace("[192.0.2.0/24]", "[]"), "targets: there are none"],
    [
      "an unknown verdict",
      `${SMALL}stages: { tracebox: { from: [no-reply] } }`,
      'stages.tracebox.from[0]: "no-reply" is not one of rst, ',
    ],
    [
      "handshakes after silence",
      `${SMALL}stages: { verify: { from: [claims-v1, no-reply] } }`,
      'stages.verify.from[1]: "no-reply" is not one of rst, ',
    ],
    [
      "handshakes with nobody",
      `${SMALL}stages: { verify: { from: [] } }`,
      "stages.verify.from: a list of 0 is less than 1",
    ],
    [
      "handshakes in a version that is none",
      `${SMALL}stages: { verify: { mptcp: [plain] } }`,
      'stages.verify.mptcp[0]: "plain" is not one of v0, v1',
    ],
    ["handshakes to hops", `${SMALL}stages: { verify: { maxTtl: 9 } }`, "stages.verify.maxTtl: there is no such key"],
    [
      "timings by what one vantage point says",
      `${SMALL}stages: { timing: { from: [claims-v1] } }`,
      'stages.timing.from[0]: "claims-v1" is not one of mptcp, ',
    ],
    ["timings without a run", `${SMALL}stages: { timing: { runs: 0 } }`, "stages.timing.runs: 0 is less than 1"],
    ["a bad selector", `${SMALL}placement: { ports: { 80: "web" } }`, 'placement.ports.80: "web" is neither key=value'],
    [
      "a selector for another port",
      `${SMALL}placement: { ports: { 81: "web=1" } }`,
      "placement.ports.81: 81 is not one of ports (80)",
    ],
    [
      "a bad share",
      `${SMALL}placement: { recheck: { sample: 3/2 } }`,
      'placement.recheck.sample: "3/2" is not a share such as "1/256"',
    ],
    [
      "a recheck of a replicated scan",
      `${SMALL}placement: { mode: replicate, recheck: {} }`,
      "placement.recheck: replicate",
    ],
    ["a series that cannot be a name", SMALL.replace("series: s", "series: a.b"), 'series: "a.b" is not a name'],
    [
      "a canary that is no address",
      `${SMALL}canaries: [{ target: host.example, port: 80 }]`,
      'canaries[0].target: "host.example" is not an IP address',
    ],
    [
      "a canary on another port",
      `${SMALL}canaries: [{ target: 192.0.2.1, port: 443 }]`,
      "canaries[0].port: 443 is not one of ports (80)",
    ],
    [
      "a canary that must say what nobody says",
      `${SMALL}canaries: [{ target: 192.0.2.1, port: 80, expect: clams-v1 }]`,
      'canaries[0].expect: "clams-v1" is not one of no-reply, rst, ',
    ],
    [
      "a canary with a wrong verdict for a variant",
      `${SMALL}canaries: [{ target: 192.0.2.1, port: 80, expect: { v1: blocked-on-mptcp } }]`,
      'canaries[0].expect.v1: "blocked-on-mptcp" is not one of no-reply, rst, ',
    ],
    [
      "a canary that waits for a variant that is not sent",
      `${SMALL}canaries: [{ target: 192.0.2.1, port: 80, expect: { v0: plain } }]\nstages: { synscan: { mptcp: [v1] } }`,
      "canaries[0].expect.v0: the SYN scan does not send v0",
    ],
    [
      "a canary twice, however it is written",
      `${SMALL}canaries: [{ target: '2001:db8::1', port: 80 }, { target: '2001:DB8:0::1', port: 80 }]`,
      "canaries[1]: 2001:db8::1 port 80 is canaries[0] already",
    ],
    [
      "a canary that is excluded",
      SMALL.replace("{ ipv4", "{ exclude: [192.0.2.0/28], ipv4").concat("canaries: [{ target: 192.0.2.1, port: 80 }]"),
      "canaries[0].target: 192.0.2.1 is in targets.exclude (192.0.2.0/28)",
    ],
    [
      "too many canaries",
      `${SMALL}canaries: [${Array.from({ length: 65 }, (_, i) => `{ target: 192.0.2.${i}, port: 80 }`).join(", ")}]`,
      "canaries: a list of 65 is more than 64",
    ],
    ["something that is no YAML", "series: [", "line 1 of the campaign file is not YAML"],
    ["a key twice", `${SMALL}ports: [443]`, "line 4 of the campaign file is not YAML: Map keys must be unique"],
    ["an empty file", "", "the campaign file is missing"],
  ])("with %s is refused in one line", (_, text, message) => {
    const error = failure(text);

    expect(error.message.startsWith(message)).toBe(true);
    expect(error.line).not.toContain("\n");
    expect(error.remedy).not.toBe("");
    expect(error.exitCode).toBe(2);
  });

  it("has shares of at most one", () => {
    expect(parseShare("1/256")).toEqual({ numerator: 1, denominator: 256 });
    expect(["0/1", "2/1", "1/0", "1", "a/b", "-1/2"].map(parseShare)).toEqual(Array(6).fill(null));
  });
});
