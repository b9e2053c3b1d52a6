import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CampaignProgress } from "../../../coordinator/campaign/progress.js";
import type { LabProcess } from "../../../deploy/lab/client.js";
import type { Lab, LabMachine, startLab as StartLab } from "../../../deploy/lab/lab.js";
import { type Coordinator, startCoordinator } from "./coordinator.js";
import { type Delivery, deliver, installAgent, runAgent } from "./installed-agent.js";

/** A coordinator outside the lab, and machines of the lab that were made agents from the package alone. */
export interface InstalledFleet {
  readonly coordinator: Coordinator;
  readonly lab: Lab;
  readonly delivery: Delivery;
  machine(name: string): LabMachine;
  /** Installs, enrols and starts an agent on each machine; returns when all are connected. */
  install(machines: readonly { readonly name: string; readonly packetsPerSecond: number }[]): Promise<void>;
  /** The agent's process. */
  agent(name: string): LabProcess;
  /** Starts an agent again, as its service manager would. */
  restart(name: string): Promise<void>;
  /** The campaign that was made last, or the one of this id. */
  progress(id?: string): CampaignProgress;
  /** Looks until it is so; throws with the campaign's state after so many milliseconds. */
  until(what: string, withinMs: number, look: () => boolean): Promise<void>;
  stop(): Promise<void>;
}

/** The lab has the 65,536 hosts of 198.18.0.0/16, which answer on every port. `folder`: a short path. */
export async function startInstalledFleet(folder: string): Promise<InstalledFleet> {
  const delivery = deliver(join(folder, "delivery"));
  const coordinator = await startCoordinator(join(folder, "data"));
  const { startLab } = (await import(join(process.cwd(), "dist/deploy/lab/lab.js"))) as { startLab: typeof StartLab };
  // Where the enrolment tokens lead: the lab's machines have the coordinator's ports on their own loopback.
  const services = Object.entries(coordinator.ports).map(([name, port]) => ({ name, hostPort: port, labPort: port }));
  const labOptions = { folder: join(folder, "lab"), services, networks: [], crowd: true, onProgress: () => undefined };
  const lab = await startLab(labOptions).catch(async (error: unknown) => {
    await coordinator.stop();
    throw error;
  });
  const agents = new Map<string, LabProcess>();
  const roots = new Map<string, string>();

  const fleet: InstalledFleet = {
    coordinator,
    lab,
    delivery,
    machine(name) {
      const found = lab.machines.find((one) => one.name === name);
      if (found === undefined) throw new Error(`the lab has no machine ${name}`);
      return found;
    },
    async install(machines) {
      const uses = String(machines.length);
      const { token } = coordinator.ask<{ token: string }>("enroll", "create", "--uses", uses);
      for (const { name, packetsPerSecond } of machines) {
        const machine = fleet.machine(name);
        roots.set(name, await installAgent({ lab, machine, delivery, token, packetsPerSecond }));
        await fleet.restart(name);
      }
      const connected = () =>
        coordinator.ask<{ state: string }[]>("agents").filter(({ state }) => state === "connected").length;
      await fleet.until("all are connected", 20_000, () => connected() === machines.length);
    },
    agent(name) {
      const found = agents.get(name);
      if (found === undefined) throw new Error(`${name} does not run`);
      return found;
    },
    async restart(name) {
      const root = roots.get(name);
      if (root === undefined) throw new Error(`${name} is not installed`);
      agents.set(name, await runAgent(lab, fleet.machine(name), root));
    },
    progress(id) {
      const all = coordinator.ask<CampaignProgress[]>("campaign", "list");
      const campaign = id === undefined ? all[0] : all.find((one) => one.id === id);
      if (campaign === undefined) throw new Error("no campaign");
      return campaign;
    },
    async until(what, withinMs, look) {
      for (const end = Date.now() + withinMs; !look(); await sleep(200)) {
        if (Date.now() > end) {
          throw new Error(`never: ${what}; ${JSON.stringify(coordinator.ask("campaign", "list"))}`);
        }
      }
    },
    async stop() {
      await lab.stop();
      await coordinator.stop();
    },
  };
  return fleet;
}
