import { type Lab, startLab } from "../../deploy/lab/lab.js";
import { startSimulatedLab } from "../../deploy/lab/simulated.js";
import { UserError } from "../../shared/errors.js";
import type { Parallax } from "../up/up.js";

/** The lab of a demo: namespaces and real packets, or the simulator. */
export interface DemoLab extends Omit<Lab, "exec"> {
  /** Script of the simulated world; null: the lab is real. */
  readonly world: string | null;
  /** Loopback ports of its machines that lead to the coordinator and the broker. */
  readonly ports: { readonly agents: number; readonly enrolment: number; readonly broker: number };
}

/** Forced one way or the other, or the simulator only where there can be no lab. */
export type LabChoice = "real" | "simulated" | "whatever";

export interface DemoLabOptions {
  readonly choice: LabChoice;
  readonly folder: string;
  readonly parallax: Pick<Parallax, "agentsPort" | "enrolmentPort" | "brokerPort">;
  readonly say: (text: string) => void;
}

/** Ports that the relays open inside the lab. */
const LAB_PORTS = { agents: 7443, enrolment: 7444, broker: 4322 } as const;

/**
 * Starts the lab of a demo. Where this machine does not let us build one, it says why, and simulates it.
 *
 * @throws UserError when a real one is wanted and cannot be had
 */
export async function startDemoLab(options: DemoLabOptions): Promise<DemoLab> {
  const { choice, folder, parallax, say } = options;
  const onProgress = (text: string) => say(`  ${text}`);
  if (choice !== "simulated") {
    say("Building the lab: vantage points, routers, middleboxes and hosts in network namespaces");
    try {
      const services = [
        { name: "agents", hostPort: parallax.agentsPort, labPort: LAB_PORTS.agents },
        { name: "enrolment", hostPort: parallax.enrolmentPort, labPort: LAB_PORTS.enrolment },
        { name: "broker", hostPort: parallax.brokerPort, labPort: LAB_PORTS.broker },
      ];
      return { ...(await startLab({ folder, services, crowd: true, onProgress })), world: null, ports: LAB_PORTS };
    } catch (error) {
      if (choice === "real" || !(error instanceof UserError)) throw error;
      say(`  No lab on this machine: ${error.line}`);
    }
  }
  say("Simulating the lab: the same nodes, middleboxes and hosts in the agents' own processes; no packet is sent");
  const ports = { agents: parallax.agentsPort, enrolment: parallax.enrolmentPort, broker: parallax.brokerPort };
  return { ...startSimulatedLab({ folder, onProgress }), ports };
}
