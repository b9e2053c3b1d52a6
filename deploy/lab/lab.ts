import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../../shared/errors.js";
import { createLabClient, type LabClient, type LabProcess } from "./client.js";
import { NETWORKS, type Network } from "./networks.js";
import { createRelay, type Relay } from "./relay.js";
import { missingLabTools, SYSTEM_PATH } from "./tools.js";
import { createTopology, type Machine, needles, type Topology } from "./topology.js";
import { type TruthTarget, truthOf } from "./truth.js";
import type { WorldStart } from "./world.js";

export type LabMachine = Machine;

export interface LabService {
  readonly name: string;
  /** Port on the host's loopback where the service listens. */
  readonly hostPort: number;
  /** Port on the loopback of every machine of the lab where it is reached. */
  readonly labPort: number;
}

export interface LabOptions {
  /** For the relays' sockets; its path must be short (Unix sockets: 107 bytes). */
  readonly folder: string;
  readonly services: readonly LabService[];
  /** The destination networks; by default those of the demo. */
  readonly networks?: readonly Network[];
  /** The 65,536 hosts as well. */
  readonly crowd: boolean;
  readonly onProgress: (text: string) => void;
}

/** A running lab. */
export interface Lab {
  readonly machines: readonly LabMachine[];
  /** What a campaign over the destination networks must find. */
  readonly truth: readonly TruthTarget[];
  /** Addresses of the crowd that speak MPTCP. */
  readonly needles: readonly string[];
  /** Starts a program on a machine (or in any namespace of the lab). */
  start(machine: string, argv: readonly string[], where: { cwd: string; logFile: string }): Promise<LabProcess>;
  /** Runs a program in a namespace to its end; resolves with what it printed. */
  exec(namespace: string, argv: readonly string[]): Promise<string>;
  /** Resolves with the reason when the lab ends, by itself or because it is stopped. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 20_000;

/**
 * Builds the lab: real namespaces, routers and kernel MPTCP servers, in a world of their own that vanishes with this
 * process. Throws UserError when the machine does not let us, or a tool is missing.
 */
export async function startLab(options: LabOptions): Promise<Lab> {
  await checkMachine();
  const networks = options.networks ?? NETWORKS;
  const topology = createTopology(networks, options.crowd);
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const supervisor = await startSupervisor();
  const relays: Relay[] = [];
  const stop = async () => {
    await supervisor.stop();
    for (const relay of relays) await relay.close();
  };
  try {
    const services = options.services.map((service) => ({
      ...service,
      socket: join(options.folder, `${service.name}.sock`),
    }));
    for (const { socket, hostPort } of services) {
      relays.push(await createRelay({ path: socket }, { host: "127.0.0.1", port: hostPort }));
    }
    const begin = Date.now();
    const { nodes, links, routes, rules } = topology;
    await supervisor.ask({
      type: "build",
      topology: { nodes, links, routes, rules },
      world: worldOf(topology, services),
    });
    options.onProgress(
      `${nodes.length} network namespaces, ${links.length} links and ${networks.length} destination networks in ` +
        `${((Date.now() - begin) / 1_000).toFixed(1)} s`,
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    machines: topology.machines,
    truth: truthOf(topology, networks),
    needles: options.crowd ? needles() : [],
    start: supervisor.start,
    ended: supervisor.ended,
    exec: async (namespace, argv) => String(await supervisor.ask({ type: "exec", namespace, argv })),
    stop,
  };
}

function worldOf(topology: Topology, services: readonly { labPort: number; socket: string }[]): WorldStart {
  return {
    listeners: topology.listeners,
    boxes: topology.links.flatMap(({ a, b, box }) => {
      // The router behind the box is at the upper end of a detour, and at the lower end of any other link.
      const routers = [...a.addresses, ...b.addresses].map((address) => address.replace(/\/.*/, ""));
      return box === undefined ? [] : [{ ...box, routers }];
    }),
    machines: topology.machines.map(({ name }) => name),
    services: services.map(({ labPort, socket }) => ({ labPort, socket })),
  };
}

async function checkMachine(): Promise<void> {
  const [missing] = await missingLabTools();
  if (missing !== undefined) {
    throw new UserError(`the lab needs ${missing}, which is not installed`, { remedy: "run deploy/setup.sh" });
  }
}

/** Starts the supervisor in mount and process namespaces of its own; without root also in a user namespace. */
async function startSupervisor(): Promise<LabClient> {
  const isRoot = process.getuid?.() === 0;
  const user = isRoot ? [] : ["--user", "--map-root-user"];
  // The network namespace: without root `ip netns` cannot come back to one that it does not own.
  const namespaces = [...user, "--mount", "--net", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"];
  const program = fileURLToPath(new URL("./supervisor.js", import.meta.url));
  // Detached: Ctrl-C is for the owner, which takes the lab down in its own order.
  const child = spawn(
    "sh",
    ["-c", `${SYSTEM_PATH} exec "$@"`, "sh", "unshare", ...namespaces, process.execPath, program],
    {
      detached: true,
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    },
  );
  let complaint = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-2_000);
  });
  const client = createLabClient(child, () => complaint);
  await untilReady(child, isRoot, () => complaint);
  return client;
}

function untilReady(child: ChildProcess, isRoot: boolean, complaint: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      reject(
        new UserError(`this machine does not let us make network namespaces: ${reason.trim()}`, {
          remedy: isRoot
            ? "run on Linux, outside of a container that forbids it"
            : "run with sudo (Ubuntu 24.04's AppArmor forbids user namespaces to ordinary programs)",
        }),
      );
    };
    const timer = setTimeout(() => fail(complaint() || "no answer"), READY_TIMEOUT_MS);
    child.once("error", (error) => fail(error.message));
    child.once("exit", () => fail(complaint()));
    child.once("message", () => {
      clearTimeout(timer);
      child.removeAllListeners("error");
      resolve();
    });
  });
}
