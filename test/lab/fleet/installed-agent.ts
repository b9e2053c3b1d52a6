import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LabProcess } from "../../../deploy/lab/client.js";
import type { Lab, LabMachine } from "../../../deploy/lab/lab.js";

/** What a machine gets of the product: the package, the installer, the sum and a token. Nothing of the repository. */
export interface Delivery {
  readonly folder: string;
  readonly tarball: string;
  readonly sha256: string;
}

/** Builds the package and lays it out as an operator would publish it. */
export function deliver(folder: string): Delivery {
  mkdirSync(folder, { recursive: true });
  const arch = process.arch === "arm64" ? "arm64" : "x64";
  const build = [join(process.cwd(), "dist/deploy/package/main.js"), "--into", folder, "--arch", arch];
  const { status, stderr } = spawnSync(process.execPath, build, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  copyFileSync("deploy/install-agent.sh", join(folder, "install-agent.sh"));
  const [sum = "", name = ""] = readFileSync(join(folder, "SHA256SUMS"), "utf8").trim().split(/\s+/);
  if (!readdirSync(folder).includes(name)) throw new Error(`no ${name} in ${folder}`);
  return { folder, tarball: name, sha256: sum };
}

export interface InstallOptions {
  readonly lab: Lab;
  readonly machine: LabMachine;
  readonly delivery: Delivery;
  readonly token: string;
  readonly packetsPerSecond: number;
}

/** Installs an agent on a machine of the lab with one line, into a root of its own; resolves with that root. */
export async function installAgent(options: InstallOptions): Promise<string> {
  const { lab, machine, delivery, token } = options;
  const { folder } = delivery;
  const root = join(folder, "machines", machine.name);
  const tokenFile = join(folder, `${machine.name}.token`);
  writeFileSync(tokenFile, token, { mode: 0o600 });
  const logFile = join(folder, `${machine.name}-install.log`);
  const line = [
    ...["./install-agent.sh", "--token-file", tokenFile, "--tarball", delivery.tarball, "--sha256", delivery.sha256],
    ...["--name", machine.name, "--vantage", machine.vantage, "--label", `web=${machine.labels.web}`],
    ...["--interface", machine.interface, "--ports", machine.labels.web ?? "", "--pps", `${options.packetsPerSecond}`],
    ...["--open", "198.18.0.0/15", "--spool-mib", "64", "--root", root],
  ];
  const { code } = await (await lab.start(machine.name, ["sh", ...line], { cwd: folder, logFile })).exited;
  if (code !== 0) throw new Error(`install-agent.sh on ${machine.name}: ${readFileSync(logFile, "utf8")}`);
  return root;
}

/** Starts an installed agent as its service would. */
export function runAgent(lab: Lab, machine: LabMachine, root: string): Promise<LabProcess> {
  const program = join(root, "opt/parallax-agent/current/bin/parallax-agent");
  const config = join(root, "etc/parallax/agent.yaml");
  const where = { cwd: root, logFile: join(root, "agent.log") };
  return lab.start(machine.name, [program, "run", "--config", config], where);
}
