import { createSimHash } from "../../../agent/sim/hash.js";
import type { ServerKind } from "../../../agent/sim/path.js";
import { createScriptedWorld } from "../../../agent/sim/scripted.js";
import { scriptedWorldSchema } from "../../../agent/sim/scripted-spec.js";
import type { SimWorld } from "../../../agent/sim/world.js";

/** What answers at 198.19.0.1, .2 and so on. */
export type Servers = readonly ServerKind[];

/** A simulated world whose canaries can be made to answer otherwise while packets are on their way. */
export interface SwitchedWorld {
  readonly world: SimWorld;
  become(servers: Servers): void;
}

export function createSwitchedWorld(servers: Servers): SwitchedWorld {
  let present = worldOf(servers);
  return {
    world: {
      attach: (vantage) => ({
        ...present.attach(vantage),
        pathTo: (address) => present.attach(vantage).pathTo(address),
      }),
      truth: (vantage, address, port) => present.truth(vantage, address, port),
    },
    become(changed) {
      present = worldOf(changed);
    },
  };
}

/** here - router - a host with all of 198.18.0.0/15: plain TCP at 198.18.0.0/16, the canaries above. */
function worldOf(servers: Servers): SimWorld {
  return createScriptedWorld(
    scriptedWorldSchema.parse({
      nodes: [
        { name: "here" },
        { name: "router" },
        {
          name: "host",
          owns: ["198.18.0.0/15"],
          servers: [
            ...servers.map((server, i) => ({ server, addresses: [`198.19.0.${i + 1}/32`] })),
            { server: "tcp", addresses: ["198.18.0.0/16"] },
          ],
        },
      ],
      links: [
        {
          ends: [
            { node: "here", addresses: ["192.0.2.0/31"] },
            { node: "router", addresses: ["192.0.2.1/31"] },
          ],
        },
        {
          ends: [
            { node: "router", addresses: ["192.0.2.2/31"] },
            { node: "host", addresses: ["192.0.2.3/31"] },
          ],
        },
      ],
      routes: [
        { node: "here", to: "0.0.0.0/0", via: "192.0.2.1" },
        { node: "router", to: "198.18.0.0/15", via: "192.0.2.3" },
        { node: "host", to: "0.0.0.0/0", via: "192.0.2.2" },
      ],
      vantages: [{ name: "here", node: "here" }],
    }),
    createSimHash(1),
  );
}
