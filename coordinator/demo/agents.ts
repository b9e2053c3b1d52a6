import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import type { LabProcess } from "../../deploy/lab/client.js";
import type { LabMachine } from "../../deploy/lab/lab.js";
import { UserError } from "../../shared/errors.js";
import type { Parallax } from "../up/up.js";
import type { DemoLab } from "./lab.js";

export interface DemoAgents {
  /** Ends an agent as a power cut would; it is started again, as a service manager does. */
  kill(machine: string): Promise<void>;
  /** Stops starting them again. */
  release(): void;
}

export interface DemoAgentsOptions {
  readonly lab: DemoLab;
  readonly parallax: Parallax;
  readonly folder: string;
  readonly onEvent: (text: string) => void;
}

const AGENT = fileURLToPath(new URL("../../agent/main.js", import.meta.url));
const RESTART_AFTER_MS = 2_000;

/** A life for the slowest lab to be built in. */
const TOKEN_LIFETIME_MS = 600_000;

/** Enrols every machine of the lab, and starts a process of `parallax-agent run` on every machine of the lab. */
export async function startAgents(options: DemoAgentsOptions): Promise<DemoAgents> {
  const processes = new Map<string, LabProcess>();
  let released = false;

  const start = async (machine: LabMachine): Promise<void> => {
    const config = writeConfig(machine, options);
    const child = await options.lab.start(machine.name, [process.execPath, AGENT, "run", "--config", config], {
      cwd: options.folder,
      logFile: join(options.folder, `${machine.name}.log`),
    });
    processes.set(machine.name, child);
    void child.exited.then(({ code, signal }) => {
      if (released) return;
      options.onEvent(`agent ${machine.name} ended (${signal ?? `exit code ${code}`}) and is started again`);
      setTimeout(() => {
        if (!released) start(machine).catch((error: unknown) => options.onEvent(String(error)));
      }, RESTART_AFTER_MS);
    });
  };

  const enrolAndStart = async (machine: LabMachine): Promise<void> => {
    await enrol(machine, options);
    await start(machine);
  };
  await Promise.all(options.lab.machines.map(enrolAndStart));
  return {
    kill: async (machine) => processes.get(machine)?.kill("SIGKILL"),
    release: () => {
      released = true;
    },
  };
}

/** As its operator would: a token for this one machine, used there. */
async function enrol(machine: LabMachine, { lab, parallax, folder }: DemoAgentsOptions): Promise<void> {
  const { name, vantage } = machine;
  const { token } = parallax.tokens.create({
    uses: 1,
    lifetimeMs: TOKEN_LIFETIME_MS,
    terms: { name, vantage, labels: {}, maxPps: null, sourcePrefix: null },
  });
  const tokenFile = join(folder, `${name}.token`);
  writeFileSync(tokenFile, token, { mode: 0o600 });
  const logFile = join(folder, `${name}.enroll.log`);
  const where = ["--identity", identityFolder(folder, machine), "--address", `127.0.0.1:${lab.ports.enrolment}`];
  const command = [process.execPath, AGENT, "enroll", "--token-file", tokenFile, ...where];
  const { code } = await (await lab.start(name, command, { cwd: folder, logFile })).exited;
  if (code === 0) return;
  throw new UserError(`machine ${name} could not be enrolled: ${readFileSync(logFile, "utf8").trim()}`, {
    remedy: "run the demo again",
  });
}

function identityFolder(folder: string, { name }: LabMachine): string {
  return join(folder, "identity", name);
}

/** The agent's own file: it alone opens the lab's special-purpose addresses. */
function writeConfig(machine: LabMachine, { lab, folder }: DemoAgentsOptions): string {
  const file = join(folder, `${machine.name}.yaml`);
  const spool = join(folder, "spool", machine.name);
  mkdirSync(spool, { recursive: true });
  const config = {
    name: machine.name,
    vantage: machine.vantage,
    labels: machine.labels,
    identity: identityFolder(folder, machine),
    coordinator: { address: `127.0.0.1:${lab.ports.agents}` },
    broker: { url: `tls://127.0.0.1:${lab.ports.broker}` },
    spool: { folder: spool, maxBytes: 256 * 1024 * 1024 },
    interface: machine.interface,
    ...(lab.world === null ? {} : { simulator: { world: lab.world } }),
    caps: { packetsPerSecond: 20_000 },
    open: ["198.18.0.0/15", "2001:db8::/32"],
  };
  writeFileSync(file, stringify(config), { mode: 0o600 });
  return file;
}
