import { describe, expect, it } from "@jest/globals";
import { createSimHash } from "../../../agent/sim/hash.js";
import { createScriptedWorld } from "../../../agent/sim/scripted.js";
import { scriptedWorldSchema } from "../../../agent/sim/scripted-spec.js";
import { hostAddresses, VANTAGE_POINTS } from "../../../deploy/lab/networks.js";
import { simulationOf } from "../../../deploy/lab/simulation.js";
import { createTopology, type Topology } from "../../../deploy/lab/topology.js";
import { truthOf } from "../../../deploy/lab/truth.js";
import { ZOO_SITES, zooLabs } from "../../../deploy/lab/zoo/zoo.js";
import { parseAddress } from "../../../shared/address/address.js";
import type { TargetSourceSpec } from "../../../shared/target/spec.js";
import { answersOf, tracesOf } from "../../agent/sim/findings.js";
import { createSimKit } from "../../agent/sim/sim-kit.js";
import { judged, type Look, truly } from "./judged.js";

/** Three worlds that differ in everything that is left to chance. */
const SEEDS = [1, 2, 3];

describe.each(ZOO_SITES)("every behaviour %s", (site) => {
  it.each(SEEDS)("gets its verdict and its interval (world %d)", async (seed) => {
    for (const networks of zooLabs(site)) {
      const topology = createTopology(networks, false);
      const looks = await look(topology, networks.flatMap(hostAddresses), seed);
      for (const truth of truthOf(topology, networks).filter(({ port }) => port === 80)) {
        const { network, address } = truth;
        expect([network, address, judged(address, looks)]).toEqual([network, address, truly(truth)]);
      }
    }
  });
});

/** A scan and traces of all addresses from all vantage points. */
function look(topology: Topology, addresses: readonly string[], seed: number): Promise<Look[]> {
  const world = createScriptedWorld(scriptedWorldSchema.parse(simulationOf(topology)), createSimHash(seed));
  const targets: TargetSourceSpec = {
    kind: "list",
    targets: addresses.map((address) => ({ address: parseAddress(address), port: 80 })),
    from: 0,
    size: addresses.length,
  };
  return Promise.all(
    VANTAGE_POINTS.map(async ({ name }) => {
      const kit = () => createSimKit({ world, vantage: `${name}-80`, targets, seed });
      const replies = await kit().scan();
      const hops = await kit().trace();
      return {
        vantage: name,
        answers: (address: string) => answersOf(replies, addresses.indexOf(address)),
        traces: (address: string) => tracesOf(hops, addresses.indexOf(address)),
      };
    }),
  );
}
