import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { promisify } from "node:util";
import type { CommandModule } from "yargs";
import { type Check, reportChecks } from "../../shared/cli/check.js";
import { UserError } from "../../shared/errors.js";
import { labTools } from "../demo/lab-tools.js";
import { type Health, health } from "../metrics/health.js";
import { openState } from "../up/state.js";
import { createClient } from "./client.js";
import type { CommonArguments, Whereabouts } from "./common.js";
import { healthChecks } from "./health-checks.js";

const run = promisify(execFile);
const LITTLE_SPACE_BYTES = 10 * 1024 ** 3;

/** `parallax doctor`: what the coordinator needs, what the lab needs, and how the parts of one that runs are. */
export const doctorCommand: CommandModule<CommonArguments, CommonArguments> = {
  command: "doctor",
  describe: "Check that this machine can run a coordinator and the lab",
  handler: ({ json, ...to }) => reportChecks(checks(to), { json, write: (text) => process.stdout.write(text) }),
};

function checks(to: Whereabouts): Check[] {
  return [
    { name: "node", look: async () => process.versions.node },
    { name: "nats-server", look: () => program("nats-server", ["--version"], "deploy/setup.sh installs it") },
    { name: "warehouse", look: async () => engine() },
    { name: "disk", look: () => disk(to.data) },
    { name: "lab tools", look: () => labTools() },
    { name: "namespaces", look: () => namespaces() },
    { name: "coordinator", look: () => coordinator(to) },
    ...running(to),
  ];
}

async function program(name: string, args: readonly string[], remedy: string): Promise<string> {
  const { stdout } = await run(name, [...args]).catch((cause: unknown) => {
    throw new UserError(`${name} is not installed`, { remedy, cause });
  });
  return stdout.trim();
}

function engine(): string {
  try {
    const require = createRequire(import.meta.url);
    const { version }: { version: string } = require("chdb/package.json");
    return `chDB ${version}`;
  } catch (cause) {
    throw new UserError("the embedded ClickHouse engine is not installed", {
      remedy: "run npm ci without --omit=optional",
      cause,
    });
  }
}

async function disk(data: string) {
  let folder = resolve(data);
  while (!existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const text = `${Math.round(free / 1024 ** 3)} GiB free at ${folder}`;
  return free > LITTLE_SPACE_BYTES
    ? text
    : { warning: text, remedy: "a large campaign needs more; use another --data" };
}

async function namespaces() {
  const user = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
  return run("unshare", [...user, "--net", "--mount", "true"]).then(
    () => "network namespaces can be made",
    () => ({
      warning: "network namespaces cannot be made",
      remedy: "run the lab with sudo (Ubuntu 24.04 forbids user namespaces to ordinary programs)",
    }),
  );
}

/** Nothing of a coordinator that is not there. */
function running(to: Whereabouts): Check[] {
  const here = to.server === undefined ? openState(to.data).running() : null;
  if (to.server === undefined && here === null) return [];
  let answer: Promise<Health> | null = null;
  const asked = () => {
    answer ??= createClient(to)
      .call("/v1/health")
      .then((found) => health.parse(found));
    return answer;
  };
  return healthChecks(asked, here?.metrics ?? "");
}

async function coordinator(to: Whereabouts): Promise<string> {
  if (to.server === undefined && openState(to.data).running() === null) return `none runs on ${to.data}`;
  const client = createClient(to);
  await client.call("/v1/status");
  return `runs, ${client.address}`;
}
