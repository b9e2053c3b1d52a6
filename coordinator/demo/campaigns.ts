import { CROWD } from "../../deploy/lab/topology.js";
import type { TruthTarget } from "../../deploy/lab/truth.js";

/** Networks without a box whose hosts stand for what is known: one speaks MPTCP, one does not. */
const CANARY_NETWORKS: readonly string[] = ["mptcp", "tcp"];

/**
 * Every address of the crowd once, from one vantage point or another; what looks interesting, and a sample of the rest,
 * again from all others. Beside it hosts of which the answer is known.
 */
export function sweepCampaign(targets: readonly TruthTarget[]): string {
  const canaries = targets
    .filter(({ network }) => CANARY_NETWORKS.includes(network))
    .map(({ address, port, views }) => ({ target: address, port, expect: Object.values(views)[0] }));
  return `
series: sweep
targets: { ipv4: [${CROWD.prefix}] }
ports: [80, 443]
canaries: ${JSON.stringify(canaries)}
placement:
  mode: partition
  recheck: { verdicts: [claims-v0, claims-v1, echo, blocked-on-mptcp], sample: 1/1024 }
  ports: { 80: "web=80", 443: "web=443" }
stages:
  synscan: { mptcp: [v0, v1], control: true, options: linux, retries: 2, replyWindowMs: 1500 }
  verify: { from: [claims-v0, claims-v1], retries: 2, replyWindowMs: 1500 }
  tracebox: { from: [claims-v0, claims-v1, echo, blocked-on-mptcp], maxTtl: 16, retries: 3, replyWindowMs: 1500 }
rate: { perAgentPps: 6000, canaryIntervalMs: 10000 }
seed: 42
`;
}

/**
 * Every host of the lab's special networks from every vantage point, each traced with and without the option. Who answers
 * is verified too, so that nobody is seen to prove more than is true.
 */
export function zooCampaign(targets: readonly TruthTarget[]): string {
  const addresses = [...new Set(targets.map((target) => target.address))];
  const prefixes = addresses.filter((address) => !address.includes(":")).map(block);
  const ipv6 = addresses.filter((address) => address.includes(":"));
  return `
series: zoo
targets:
  ipv4: [${prefixes.join(", ")}]
  ipv6: [${ipv6.map((address) => JSON.stringify(address)).join(", ")}]
ports: [80, 443]
placement:
  mode: replicate
  ports: { 80: "web=80", 443: "web=443" }
stages:
  synscan: { mptcp: [v0, v1], control: true, options: linux, retries: 2, replyWindowMs: 1500 }
  verify: { from: [plain, claims-v0, claims-v1, echo, altered-echo], retries: 2, replyWindowMs: 1500 }
  tracebox:
    from: [plain, claims-v0, claims-v1, echo, altered-echo, blocked-on-mptcp, blocked-on-unknown-option]
    maxTtl: 16
    retries: 3
    replyWindowMs: 1500
rate: { perAgentPps: 1000 }
seed: 42
`;
}

/** The /28 around a host of the lab. */
function block(address: string): string {
  const [a, b, c, d] = address.split(".").map(Number);
  return `${a}.${b}.${c}.${Math.floor((d ?? 0) / 16) * 16}/28`;
}
