import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import { type Relay, startRelay } from "./relay.js";
import { type Service, startService } from "./service.js";

export interface ChaosAgent {
  readonly name: string;
  readonly config: string;
  readonly spool: string;
  readonly service: Service;
  readonly toBroker: Relay;
  readonly toCoordinator: Relay;
}

/** A coordinator with its broker and warehouse, and agents that reach both over links of their own. */
export interface ChaosSite {
  readonly folder: string;
  readonly data: string;
  readonly coordinator: Service;
  readonly agents: readonly ChaosAgent[];
  /** A command of `parallax` or `parallax-agent`, to its end. */
  parallax(...args: string[]): Promise<CommandResult>;
  agentCommand(...args: string[]): Promise<CommandResult>;
  stop(): Promise<void>;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ChaosSiteOptions {
  readonly folder: string;
  readonly agents: number;
  /** Of each agent's spool. */
  readonly spoolBytes: number;
  readonly packetsPerSecond: number;
  readonly seed: number;
}

const COORDINATOR = "dist/coordinator/main.js";
const AGENT = "dist/agent/main.js";
const UP_WITHIN_MS = 120_000;

export async function startSite(options: ChaosSiteOptions): Promise<ChaosSite> {
  const { folder } = options;
  const data = join(folder, "data");
  const [api, warehouse, agents] = await Promise.all([freePort(), freePort(), freePort()]);
  const [broker, enrolment] = await Promise.all([freePort(), freePort()]);
  const stores = ["--warehouse-port", warehouse, "--broker-port", broker];
  const ports = ["--api-port", api, "--agents-port", agents, "--enrolment-port", enrolment, ...stores];
  const up = [COORDINATOR, "up", "--data", data, ...ports.map(String)];
  const coordinator = startService("coordinator", up, join(folder, "coordinator.log"));
  const parallax = (...args: string[]) => command(COORDINATOR, [...args, "--data", data]);
  const connected = async (count: number): Promise<void> => {
    for (const until = Date.now() + UP_WITHIN_MS; ; await sleep(300)) {
      const { code, stdout } = await parallax("agents", "--json");
      if (code === 0 && (JSON.parse(stdout) as unknown[]).length === count) return;
      if (Date.now() > until) throw new Error(`not up with ${count} agents; see the logs in ${folder}`);
    }
  };
  const started: ChaosAgent[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map(({ service }) => service.stop()));
    await coordinator.stop();
    for (const { toBroker, toCoordinator } of started) for (const relay of [toBroker, toCoordinator]) relay.close();
  };
  try {
    await connected(0);
    for (let number = 1; number <= options.agents; number++) {
      const [toBroker, toCoordinator] = await Promise.all([startRelay(broker), startRelay(agents)]);
      const name = `site${number}`;
      await enrol(folder, name, parallax);
      started.push(startAgent(options, name, toBroker, toCoordinator));
    }
    await connected(options.agents);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    folder,
    data,
    coordinator,
    agents: started,
    parallax,
    agentCommand: (...args) => command(AGENT, args),
    stop,
  };
}

async function enrol(folder: string, name: string, parallax: ChaosSite["parallax"]): Promise<void> {
  const made = await parallax("enroll", "create", "--name", name, "--vantage", name);
  const tokenFile = join(folder, `${name}.token`);
  writeFileSync(tokenFile, made.stdout, { mode: 0o600 });
  const identity = ["--identity", join(folder, "identity", name)];
  const enrolled = await command(AGENT, ["enroll", "--token-file", tokenFile, ...identity]);
  if (made.code !== 0 || enrolled.code !== 0) throw new Error(`not enrolled: ${made.stderr} ${enrolled.stderr}`);
}

function startAgent(options: ChaosSiteOptions, name: string, toBroker: Relay, toCoordinator: Relay): ChaosAgent {
  const spool = join(options.folder, "spool", name);
  const config = join(options.folder, `${name}.yaml`);
  mkdirSync(spool, { recursive: true });
  const file = {
    name,
    vantage: name,
    identity: join(options.folder, "identity", name),
    coordinator: { address: `127.0.0.1:${toCoordinator.port}` },
    broker: { url: `tls://127.0.0.1:${toBroker.port}` },
    spool: { folder: spool, maxBytes: options.spoolBytes },
    interface: "lo",
    // Every address has a host: a row for every probe.
    simulator: { seed: options.seed, vantage: name, shares: { dark: 0, hosts: 1, open: 0.6, closed: 0.4 } },
    caps: { packetsPerSecond: options.packetsPerSecond },
    open: ["198.18.0.0/15"],
  };
  writeFileSync(config, stringify(file), { mode: 0o600 });
  const log = join(options.folder, `${name}.log`);
  const service = startService(name, [AGENT, "run", "--config", config, "--log-level", "warn"], log);
  return { name, config, spool, service, toBroker, toCoordinator };
}

function command(program: string, args: readonly string[]): Promise<CommandResult> {
  return new Promise((resolve) => {
    const options = { maxBuffer: 256 * 1024 * 1024 };
    execFile(process.execPath, [program, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    });
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
