import { describe, expect, it } from "@jest/globals";
import { createSimHash } from "../../../agent/sim/hash.js";
import { createScriptedWorld } from "../../../agent/sim/scripted.js";
import { scriptedWorldSchema } from "../../../agent/sim/scripted-spec.js";
import type { Hop } from "../../../coordinator/compare/evidence.js";
import { hostAddresses, NETWORKS, type Network, VANTAGE_POINTS } from "../../../deploy/lab/networks.js";
import { simulationOf } from "../../../deploy/lab/simulation.js";
import { createTopology, type Topology } from "../../../deploy/lab/topology.js";
import { truthOf } from "../../../deploy/lab/truth.js";
import { ZOO_SITES } from "../../../deploy/lab/zoo/entry.js";
import { zooLabs } from "../../../deploy/lab/zoo/zoo.js";
import { parseAddress } from "../../../shared/address/address.js";
import type { TraceHopRow } from "../../../shared/batch/rows.js";
import type { Variant } from "../../../shared/probe/variant.js";
import type { TargetSourceSpec } from "../../../shared/target/spec.js";
import { answersOf, synAcksOf, tracesOf } from "../../agent/sim/findings.js";
import { createSimKit } from "../../agent/sim/sim-kit.js";
import { judged, type Look, truly } from "./judged.js";

/** Three worlds that differ in everything that is left to chance. */
const SEEDS = [1, 2, 3];

describe.each(ZOO_SITES)("every behaviour %s", (site) => {
  it.each(SEEDS)("gets its verdict and its interval (world %d)", async (seed) => {
    for (const networks of zooLabs(site)) await expectTruth(networks, seed);
  });
});

describe("the networks of the demo, some with two boxes on a path", () => {
  it.each(SEEDS)("get their verdicts, places and intervals (world %d)", (seed) => expectTruth(NETWORKS, seed));
});

async function expectTruth(networks: readonly Network[], seed: number): Promise<void> {
  const topology = createTopology(networks, false);
  const looks = await look(topology, networks.flatMap(hostAddresses), seed);
  for (const truth of truthOf(topology, networks).filter(({ port }) => port === 80)) {
    const { network, address } = truth;
    expect([network, address, judged(address, looks)]).toEqual([network, address, truly(truth)]);
  }
}

function controlOf(rows: readonly TraceHopRow[], index: number): readonly Hop[] {
  return tracesOf(rows, index).find(({ variant }) => variant === "plain")?.hops ?? [];
}

/** A scan and traces of all addresses from all vantage points. */
function look(topology: Topology, addresses: readonly string[], seed: number): Promise<Look[]> {
  const world = createScriptedWorld(scriptedWorldSchema.parse(simulationOf(topology)), createSimHash(seed));
  const onPort = (port: number): TargetSourceSpec => ({
    kind: "list",
    targets: addresses.map((address) => ({ address: parseAddress(address), port })),
    from: 0,
    size: addresses.length,
  });
  return Promise.all(
    VANTAGE_POINTS.map(async ({ name }) => {
      const kit = (port: number, variants: readonly Variant[]) =>
        createSimKit({ world, vantage: `${name}-80`, targets: onPort(port), seed, tracebox: { variants } });
      const replies = await kit(80, []).scan();
      const hops = await kit(80, ["v0", "v1", "plain"]).trace();
      const otherHops = await kit(443, ["plain"]).trace();
      return {
        vantage: name,
        answers: (address: string) => answersOf(replies, addresses.indexOf(address)),
        traces: (address: string) => tracesOf(hops, addresses.indexOf(address)),
        synAcks: (address: string) => synAcksOf(replies, addresses.indexOf(address)),
        otherPorts: (address: string) => [{ port: 443, hops: controlOf(otherHops, addresses.indexOf(address)) }],
      };
    }),
  );
}
