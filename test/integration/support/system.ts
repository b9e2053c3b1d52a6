import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { AgentIdentity } from "../../../agent/identity/identity.js";
import type { AgentMetrics } from "../../../agent/metrics/metrics.js";
import type { SimWorld } from "../../../agent/sim/world.js";
import { formatAddress } from "../../../shared/address/address.js";
import { startSimAgent } from "../canary/sim-agent.js";
import { createSwitchedWorld } from "../canary/switched-world.js";
import { enrolled } from "./enrolled.js";

const PROGRAM = "dist/coordinator/main.js";
const SERVICES = ["api", "warehouse", "agents", "enrolment", "broker"];
/** The API's second listener, for operators elsewhere. */
const OPERATORS = "operators";
const PORTS = [...SERVICES.flatMap((name) => [`--${name}-port`, "0"]), "--api-address", "127.0.0.1:0"];

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A probe that an agent sent. */
export interface SentProbe {
  readonly vantage: string;
  readonly address: string;
  /** Unix time. */
  readonly atMs: number;
}

/** `parallax up` as a process, with agents in this one whose interface is a simulated world: plain TCP in 198.18.0.0/16. */
export interface TestSystem {
  readonly folder: string;
  readonly data: string;
  /** Everything that agents sent, in order. */
  readonly sent: SentProbe[];
  startCoordinator(): Promise<void>;
  /** URL of the API for operators elsewhere. */
  operatorsUrl(): string;
  /** `host:port` of each service of the coordinator. */
  ports(): Record<string, string>;
  /** Lines that coordinators logged. */
  log(): string[];
  /** SIGKILL. */
  killCoordinator(): Promise<void>;
  /** Enrols it before its first life. */
  startAgent(name: string, vantage: string, metrics?: AgentMetrics): Promise<void>;
  stopAgent(name: string): Promise<void>;
  /** A command, whatever it ends with. */
  run(...args: string[]): Promise<Output>;
  /** A command's standard output; rejects when it fails. */
  parallax(...args: string[]): Promise<string>;
  json<T>(...args: string[]): Promise<T>;
  api<T>(path: string, body?: object): Promise<T>;
  query(sql: string): Promise<Record<string, unknown>[]>;
  /** Asks every 50 ms until the answer is as wanted. */
  until<T>(ask: () => Promise<T>, isSo: (answer: T) => boolean): Promise<T>;
  stop(): Promise<void>;
}

export async function startSystem(): Promise<TestSystem> {
  const folder = mkdtempSync(join(tmpdir(), "parallax-system-"));
  const data = join(folder, "data");
  const sent: SentProbe[] = [];
  const agents = new Map<string, { stop(): Promise<void> }>();
  const log: string[] = [];
  let up: ChildProcess | null = null;
  let where = { api: "", operators: "", warehouse: "", agents: "", enrolment: "", broker: "" };
  const identities = new Map<string, AgentIdentity>();
  const operatorToken = (): string => readFileSync(join(data, "operator.token"), "utf8");

  const recorded = (world: SimWorld, vantage: string): SimWorld => ({
    attach(name) {
      const attachment = world.attach(name);
      return {
        ...attachment,
        pathTo(address) {
          sent.push({ vantage, address: formatAddress(address), atMs: Date.now() });
          return attachment.pathTo(address);
        },
      };
    },
    truth: (...args) => world.truth(...args),
  });

  const system: TestSystem = {
    folder,
    data,
    sent,
    async startCoordinator() {
      // The ports stay the same over lives, so that agents find it again.
      const ports = where.api === "" ? PORTS : portsOf(where);
      const child = spawn(process.execPath, [PROGRAM, "up", "--json", "--data", data, ...ports], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      up = child;
      child.stderr?.setEncoding("utf8").on("data", (text: string) => log.push(text));
      where = JSON.parse(
        await new Promise<string>((resolve, reject) => {
          child.stdout?.setEncoding("utf8").once("data", resolve);
          child.once("exit", (code) => reject(new Error(`up ended with ${code}: ${log.join("")}`)));
        }),
      );
    },
    operatorsUrl: () => where.operators,
    ports: () => Object.fromEntries([...SERVICES, OPERATORS].map((name) => [name, addressOf(where, name)])),
    log: () =>
      log
        .join("")
        .split("\n")
        .filter((line) => line !== ""),
    async killCoordinator() {
      const gone = new Promise((resolve) => up?.once("exit", resolve));
      up?.kill("SIGKILL");
      await gone;
      // Its broker and warehouse notice and end.
      await sleep(1_500);
    },
    async startAgent(name, vantage, metrics) {
      const world = recorded(createSwitchedWorld([]).world, vantage);
      const identity = identities.get(name) ?? (await enrolled(system.parallax, name, vantage));
      identities.set(name, identity);
      agents.set(
        name,
        startSimAgent({ folder, ...where, identity, name, vantage, world, ...(metrics && { metrics }) }),
      );
    },
    async stopAgent(name) {
      await agents.get(name)?.stop();
      agents.delete(name);
    },
    run: (...args) =>
      new Promise((resolve) => {
        execFile(process.execPath, [PROGRAM, ...args, "--data", data], (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
        });
      }),
    async parallax(...args) {
      const { code, stdout, stderr } = await system.run(...args);
      if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}: ${stderr}`);
      return stdout;
    },
    json: async <T>(...args: string[]) => JSON.parse(await system.parallax(...args, "--json")) as T,
    async api<T>(path: string, body?: object) {
      const headers = { Authorization: `Bearer ${operatorToken()}`, "Content-Type": "application/json" };
      const post = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
      return (await (await fetch(`${where.api}${path}`, { headers, ...post })).json()) as T;
    },
    async query(sql) {
      const headers = { "X-ClickHouse-Key": operatorToken() };
      const url = `${where.warehouse}/?default_format=JSON`;
      const text = await (await fetch(url, { method: "POST", headers, body: sql })).text();
      try {
        return (JSON.parse(text) as { data: Record<string, unknown>[] }).data;
      } catch {
        throw new Error(text);
      }
    },
    async until(ask, isSo) {
      const deadline = Date.now() + 60_000;
      for (;;) {
        const answer = await ask();
        if (isSo(answer)) return answer;
        if (Date.now() > deadline) throw new Error(`it is still ${JSON.stringify(answer)}`);
        await sleep(50);
      }
    },
    async stop() {
      await Promise.allSettled([...agents.values()].map((agent) => agent.stop()));
      const running = up;
      if (running !== null && running.exitCode === null && running.signalCode === null) {
        const gone = new Promise((resolve) => running.once("exit", resolve));
        running.kill("SIGTERM");
        await gone;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await system.startCoordinator();
  return system;
}

function portsOf(where: Readonly<Record<string, string>>): string[] {
  const ports = SERVICES.flatMap((name) => [`--${name}-port`, addressOf(where, name).split(":")[1] ?? "0"]);
  return [...ports, "--api-address", addressOf(where, OPERATORS)];
}

/** `host:port`, whatever URL it is in. */
function addressOf(where: Readonly<Record<string, string>>, name: string): string {
  return /([\w.]+:\d+)\/?$/.exec(where[name] ?? "")?.[1] ?? "";
}
