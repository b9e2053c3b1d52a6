import { fork } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createLabClient } from "./client.js";
import type { Lab } from "./lab.js";
import { NETWORKS } from "./networks.js";
import { simulationOf } from "./simulation.js";
import { createTopology, needles } from "./topology.js";
import { truthOf } from "./truth.js";

/** The lab without a kernel: agents are ordinary processes, and send into a simulator of their own. */
export interface SimulatedLab extends Omit<Lab, "exec"> {
  /** File that an agent's `simulator.world` names; its vantage points are the machines. */
  readonly world: string;
}

/** Needs no privileges. Everything vanishes with this process, but for `folder`. */
export function startSimulatedLab(options: {
  readonly folder: string;
  readonly onProgress: (text: string) => void;
}): SimulatedLab {
  const { folder, onProgress } = options;
  const topology = createTopology(NETWORKS, true);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const world = join(folder, "world.json");
  writeFileSync(world, JSON.stringify(simulationOf(topology)), { mode: 0o600 });
  // Detached: Ctrl-C is for the owner, which takes the lab down in its own order.
  const child = fork(fileURLToPath(new URL("./runner.js", import.meta.url)), [], {
    detached: true,
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const client = createLabClient(child, () => "");
  const nodes = topology.nodes.length - 1;
  onProgress(`${nodes} nodes, ${topology.links.length} links and ${NETWORKS.length} destination networks, simulated`);
  return {
    machines: topology.machines.map((machine) => ({ ...machine, interface: "sim0" })),
    truth: truthOf(topology, NETWORKS),
    needles: needles(),
    world,
    start: client.start,
    ended: client.ended,
    stop: client.stop,
  };
}
