import { describe, expect, it } from "@jest/globals";
import type { SourceRecord } from "../../../coordinator/campaign/record.js";
import { parseCampaign } from "../../../coordinator/campaign/spec.js";
import { createCanaryRounds } from "../../../coordinator/canary/rounds.js";
import { canarySources, canaryTargets } from "../../../coordinator/canary/sources.js";
import { formatAddress } from "../../../shared/address/address.js";
import { createListSource } from "../../../shared/target/list.js";

const spec = parseCampaign(`
series: s
targets: { ipv4: [198.18.0.0/24] }
ports: [80, 443]
canaries:
  - { target: 198.18.0.1, port: 80, expect: claims-v1 }
  - { target: 198.18.0.2, port: 443 }
  - { target: 198.18.0.2, port: 80 }
  - { target: "2001:db8::1", port: 443, expect: plain }
placement: { ports: { 80: "web=80", 443: "web=443" } }
`);
const [first] = canarySources(spec) as [SourceRecord];
const texts = (from: number, to: number) =>
  canaryTargets(spec, first, from, to).map(({ address, port }) => `${formatAddress(address)} ${port}`);

describe("the sources of canaries", () => {
  it("are one for each family and port group that has any, for all vantage points", () => {
    expect(canarySources(spec).map(({ id, selector, vantage }) => [id, selector, vantage])).toEqual([
      ["canary/v4/80", "web=80", null],
      ["canary/v4/443", "web=443", null],
      ["canary/v6/443", "web=443", null],
    ]);
  });

  it("are the canaries over and over, in numbers that stay exact", () => {
    expect(texts(0, 4)).toEqual(["198.18.0.1 80", "198.18.0.2 80", "198.18.0.1 80", "198.18.0.2 80"]);
    expect(texts(first.size - 1, first.size)).toEqual(["198.18.0.2 80"]);
    expect(Number.isSafeInteger(first.size * 64)).toBe(true);
  });

  it("give each lease of a round every canary once, wherever it begins", () => {
    for (const from of [0, 1, 7]) {
      const targets = canaryTargets(spec, first, from, from + 2);
      expect(() => createListSource(targets, from, first.size)).not.toThrow();
    }
  });

  it("are none where a campaign has no canaries", () => {
    expect(canarySources({ ...spec, canaries: [] })).toEqual([]);
  });
});

describe("the rounds of canaries", () => {
  it("come once in the campaign's interval for each agent and source", () => {
    const rounds = createCanaryRounds(60_000);
    expect(rounds.isDue("fra-1", "canary/v4/80", 0)).toBe(true);
    rounds.begun("fra-1", "canary/v4/80", 2, 0);

    expect(rounds.isDue("fra-1", "canary/v4/80", 59_999)).toBe(false);
    expect(rounds.isDue("fra-1", "canary/v4/80", 60_000)).toBe(true);
    expect(rounds.isDue("fra-1", "canary/v6/80", 1)).toBe(true);
    expect(rounds.isDue("sin-1", "canary/v4/80", 100)).toBe(true);
  });

  it("are so few that 400 agents together ask a canary once a second, each in its turn, and never all at once", () => {
    const AGENTS = 400;
    const rounds = createCanaryRounds(60_000);
    const askedMs: number[] = [];
    const askers = new Set<number>();
    for (let ms = 0; ms < 1_000_000; ms += 20) {
      // Heartbeats are spread over the second.
      for (let agent = (ms / 20) % 50; agent < AGENTS; agent += 50) {
        if (rounds.isDue(`a${agent}`, "canary/v4/80", ms)) {
          rounds.begun(`a${agent}`, "canary/v4/80", AGENTS, ms);
          askedMs.push(ms);
          askers.add(agent);
        }
      }
    }

    expect(askers.size).toBe(AGENTS);
    expect(askedMs.length).toBeLessThanOrEqual((1_000_000 / 1_000 / AGENTS + 1) * AGENTS);
    const gaps = askedMs.slice(1).map((ms, i) => ms - (askedMs[i] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(100);
  });
});
