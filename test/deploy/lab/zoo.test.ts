import { describe, expect, it, jest } from "@jest/globals";
import { createSimHash } from "../../../agent/sim/hash.js";
import { createScriptedWorld } from "../../../agent/sim/scripted.js";
import { scriptedWorldSchema } from "../../../agent/sim/scripted-spec.js";
import { judge } from "../../../coordinator/compare/judge.js";
import { locateChanges } from "../../../coordinator/compare/locate.js";
import { hostAddresses, VANTAGE_POINTS } from "../../../deploy/lab/networks.js";
import { simulationOf } from "../../../deploy/lab/simulation.js";
import { createTopology, type Topology } from "../../../deploy/lab/topology.js";
import { truthOf } from "../../../deploy/lab/truth.js";
import { ZOO_SITES, zooLabs } from "../../../deploy/lab/zoo/zoo.js";
import { parseAddress } from "../../../shared/address/address.js";
import type { TargetSourceSpec } from "../../../shared/target/spec.js";
import { viewVerdict } from "../../../shared/verdict/view.js";
import { answersOf, tracesOf } from "../../agent/sim/findings.js";
import { createSimKit } from "../../agent/sim/sim-kit.js";

jest.setTimeout(120_000);

/** Three worlds that differ in everything that is left to chance. */
const SEEDS = [1, 2, 3];

describe.each(ZOO_SITES)("every behaviour %s", (site) => {
  it.each(SEEDS)("gets its verdict and its interval (world %d)", async (seed) => {
    for (const networks of zooLabs(site)) {
      const topology = createTopology(networks, false);
      const found = await measure(topology, networks.flatMap(hostAddresses), seed);
      const expected = truthOf(topology, networks).filter(({ port }) => port === 80);
      for (const { network, address, hostVerdict, placement, views, changes } of expected) {
        const truth = { hostVerdict, placement, views, changes: distinct(changes) };
        expect([network, address, found.get(address)]).toEqual([network, address, truth]);
      }
    }
  });
});

/** What a comparison says of each address after a scan and traces from all vantage points. */
async function measure(topology: Topology, addresses: readonly string[], seed: number) {
  const world = createScriptedWorld(scriptedWorldSchema.parse(simulationOf(topology)), createSimHash(seed));
  const targets: TargetSourceSpec = {
    kind: "list",
    targets: addresses.map((address) => ({ address: parseAddress(address), port: 80 })),
    from: 0,
    size: addresses.length,
  };
  const looks = await Promise.all(
    VANTAGE_POINTS.map(async ({ name }) => {
      const kit = () => createSimKit({ world, vantage: `${name}-80`, targets, seed });
      return { vantage: name, replies: await kit().scan(), hops: await kit().trace() };
    }),
  );
  return new Map(
    addresses.map((address, index) => {
      const views = looks.map(({ vantage, replies, hops }) => {
        const { "unknown-option": unknown, ...known } = answersOf(replies, index);
        const verdict = viewVerdict({ ...known, "unknown-option": unknown });
        return { vantage, verdict, ...known, unknown, traces: tracesOf(hops, index) };
      });
      const changes = views.flatMap(locateChanges);
      const { hostVerdict, placement } = judge(views, changes);
      const seen = Object.fromEntries(views.map(({ vantage, verdict }) => [vantage, verdict]));
      return [address, { hostVerdict, placement, views: seen, changes: distinct(changes) }];
    }),
  );
}

interface Change {
  readonly vantage: string;
  readonly condition: string;
  readonly after: string | null;
  readonly before: string;
}

/** Each change once, whatever variants show it. */
function distinct(changes: readonly Change[]): string[] {
  const words = changes.map(
    ({ vantage, condition, after, before }) => `${vantage}: ${condition} ${after ?? "source"} | ${before}`,
  );
  return [...new Set(words)].sort();
}
