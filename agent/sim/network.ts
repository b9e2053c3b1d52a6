import { UserError } from "../../shared/errors.js";
import { createProbeNetwork, type ProbeNetwork, type ProbeNetworkOptions } from "../lease/probing.js";
import { createLocalHost } from "../sender/local-host.js";
import { openSimWorld, type SimulatorConfig } from "./config.js";
import { createSimPort } from "./port.js";

/**
 * An agent's network in a simulated world: everything but the interface is the real thing.
 *
 * @throws UserError when the world or the vantage point is not to be had
 */
export function openSimNetwork(
  simulator: SimulatorConfig,
  { packetsPerSecond, leftOut, clock }: Pick<ProbeNetworkOptions, "packetsPerSecond" | "leftOut" | "clock">,
): ProbeNetwork {
  const { vantage, seed, loss } = simulator;
  const world = openSimWorld(simulator);
  const { ipv4: source4, ipv6: source6 } = world.attach(vantage);
  const port = createSimPort({ world, vantage, clock, loss, seed });
  const host = createLocalHost({ port, source4, source6, clock });
  // No kernel is between the simulated network and the agent.
  const prepareHandshakes = async (): Promise<void> => {};
  // Pages are fetched by the system's sockets, which would ask real hosts.
  const noServers = (): never => {
    throw new UserError("a simulated world has no web servers", { remedy: "time from agents without a simulator" });
  };
  const webTiming = { prepare: noServers, visit: noServers };
  return createProbeNetwork({
    ...{ port, host, source4, source6, packetsPerSecond, leftOut, prepareHandshakes, clock, webTiming },
    driver: { name: "sim", reason: "the agent's file has a simulator" },
    // What is sent in a simulated world reaches no other agent.
    listen: null,
  });
}
