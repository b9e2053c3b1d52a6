import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { UserError } from "../../shared/errors.js";
import type { LabMessage, LabRequest } from "./messages.js";
import { NETWORKS } from "./networks.js";
import { createRelay, type Relay } from "./relay.js";
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
  /** Numbers of the destination networks; all by default. */
  readonly networks?: readonly number[];
  /** The 65,536 hosts as well. */
  readonly crowd: boolean;
  readonly onProgress: (text: string) => void;
}

export interface LabProcess {
  /** Inside the lab. */
  readonly pid: number;
  kill(signal: NodeJS.Signals): Promise<void>;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
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

const run = promisify(execFile);
const TOOLS = ["ip", "iptables", "ip6tables", "ethtool", "nsenter", "unshare"];
/** For a shell: administrators' folders may be outside a user's PATH. */
const SYSTEM_PATH = "PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin;";
const READY_TIMEOUT_MS = 20_000;

/**
 * Builds the lab: real namespaces, routers and kernel MPTCP servers, in a world of their own that vanishes with this
 * process. Throws UserError when the machine does not let us, or a tool is missing.
 */
export async function startLab(options: LabOptions): Promise<Lab> {
  await checkMachine();
  const networks = NETWORKS.filter(({ number }) => options.networks?.includes(number) ?? true);
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
    start: async (namespace, argv, { cwd, logFile }) => {
      const pid = (await supervisor.ask({ type: "start", namespace, argv, cwd, logFile })) as number;
      return {
        pid,
        exited: supervisor.exited(pid),
        kill: async (signal) => {
          await supervisor.ask({ type: "kill", pid, signal });
        },
      };
    },
    ended: supervisor.ended,
    exec: async (namespace, argv) => String(await supervisor.ask({ type: "exec", namespace, argv })),
    stop,
  };
}

function worldOf(topology: Topology, services: readonly { labPort: number; socket: string }[]): WorldStart {
  return {
    listeners: topology.listeners,
    boxes: topology.links.flatMap(({ b, box }) =>
      box === undefined ? [] : [{ ...box, routers: b.addresses.map((address) => address.replace(/\/.*/, "")) }],
    ),
    machines: topology.machines.map(({ name }) => name),
    services: services.map(({ labPort, socket }) => ({ labPort, socket })),
  };
}

async function checkMachine(): Promise<void> {
  for (const tool of TOOLS) {
    await run("sh", ["-c", `${SYSTEM_PATH} command -v ${tool}`]).catch((cause: unknown) => {
      throw new UserError(`the lab needs ${tool}, which is not installed`, { remedy: "run deploy/setup.sh", cause });
    });
  }
}

interface Supervisor {
  ask(request: LabRequest): Promise<unknown>;
  exited(pid: number): LabProcess["exited"];
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/** Starts the supervisor in mount and process namespaces of its own; without root also in a user namespace. */
async function startSupervisor(): Promise<Supervisor> {
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
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  const processes = new Map<number, { resolve(how: Awaited<LabProcess["exited"]>): void; how: LabProcess["exited"] }>();
  let number = 0;
  let complaint = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-2_000);
  });
  const watch = (pid: number) => {
    const known = processes.get(pid);
    if (known !== undefined) return known;
    let resolve: (how: Awaited<LabProcess["exited"]>) => void = () => undefined;
    const how = new Promise<Awaited<LabProcess["exited"]>>((settle) => {
      resolve = settle;
    });
    processes.set(pid, { resolve, how });
    return { resolve, how };
  };
  child.on("message", (message: LabMessage) => {
    if (message.type === "exited") watch(message.pid).resolve({ code: message.code, signal: message.signal });
    if (message.type === "answer") waiting.get(message.to)?.resolve(message.value);
    if (message.type === "error") {
      waiting.get(message.to)?.reject(new UserError(message.message, { remedy: message.remedy }));
    }
  });
  const hasEnded = () =>
    new UserError(complaint === "" ? "the lab has ended" : `the lab has ended: ${complaint.trim()}`, {
      remedy: "start it again",
    });
  const ended = new Promise<string>((resolve) => child.once("exit", () => resolve(hasEnded().message)));
  child.once("exit", () => {
    for (const { reject } of waiting.values()) reject(hasEnded());
    // They ended with it: the kernel kills what is left in the process namespace.
    for (const { resolve } of processes.values()) resolve({ code: null, signal: "SIGKILL" });
  });
  await untilReady(child, isRoot, () => complaint);
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        if (!child.connected) {
          reject(hasEnded());
          return;
        }
        const own = ++number;
        const settle = () => waiting.delete(own);
        waiting.set(own, {
          resolve: (value) => {
            settle();
            resolve(value);
          },
          reject: (error) => {
            settle();
            reject(error);
          },
        });
        child.send({ number: own, request }, (error) => {
          if (error !== null) waiting.get(own)?.reject(hasEnded());
        });
      }),
    exited: (pid) => watch(pid).how,
    ended,
    stop: () => end(child),
  };
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

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    if (child.connected) child.disconnect();
    else child.kill("SIGKILL");
  });
}
