import { describe, expect, it } from "@jest/globals";
import { createSimHash } from "../../../agent/sim/hash.js";
import { createScriptedWorld } from "../../../agent/sim/scripted.js";
import { scriptedWorldSchema } from "../../../agent/sim/scripted-spec.js";
import { NETWORKS } from "../../../deploy/lab/networks.js";
import { simulationOf } from "../../../deploy/lab/simulation.js";
import { createTopology, needles } from "../../../deploy/lab/topology.js";
import { truthOf } from "../../../deploy/lab/truth.js";
import { parseAddress } from "../../../shared/address/address.js";

const topology = createTopology(NETWORKS, true);
const world = createScriptedWorld(scriptedWorldSchema.parse(simulationOf(topology)), createSimHash(1));

describe("the lab in the simulator", () => {
  it.each(truthOf(topology, NETWORKS).map((target) => [target.network, target.address, target.port, target] as const))(
    "%s: %s port %i is expected to look as the lab's own table says, from every vantage point",
    (_name, text, port, { views, changes }) => {
      const address = parseAddress(text);
      for (const [vantage, view] of Object.entries(views)) {
        const truth = world.truth(`${vantage}-${port}`, address, port);
        expect(truth.view).toBe(view);
        expect(new Set(truth.changes)).toEqual(
          new Set(
            changes
              .filter((change) => change.vantage === vantage)
              .map(({ condition, after, before }) => ({ condition, after, before })),
          ),
        );
      }
    },
  );

  it("has the crowd, its needles, and nobody beyond", () => {
    const view = (text: string) => world.truth("nyc-80", parseAddress(text), 80).view;
    expect(needles().map(view)).toEqual(needles().map(() => "claims-v1"));
    expect(view("198.18.0.1")).toBe("plain");
    expect(world.truth("nyc-80", parseAddress("198.18.0.1"), 22).view).toBe("rst");
    expect(view("203.0.114.1")).toBe("no-reply");
  });
});
