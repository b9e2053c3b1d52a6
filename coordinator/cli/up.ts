import pino from "pino";
import type { Argv, CommandModule } from "yargs";
import { columns } from "../../shared/cli/table.js";
import { UserError } from "../../shared/errors.js";
import { VERSION } from "../../shared/version.js";
import type { Parallax } from "../up/up.js";
import type { CommonArguments } from "./campaign.js";

interface UpArguments extends CommonArguments {
  apiPort: number;
  warehousePort: number;
  agentsPort: number;
  brokerPort: number;
  logLevel: string;
}

const port = (value: number, describe: string) => ({
  type: "number" as const,
  default: value,
  describe: `${describe}; 0 for a free one`,
});

/** `parallax up`: broker, warehouse, ingest, sessions and API, until Ctrl-C. */
export const upCommand: CommandModule<CommonArguments, UpArguments> = {
  command: "up",
  describe: "Start the coordinator with its broker and warehouse",
  builder: (args: Argv<CommonArguments>) =>
    args
      .option("apiPort", port(7700, "Loopback port of the HTTP API"))
      .option("warehousePort", port(8123, "Loopback port of ClickHouse's HTTP interface"))
      .option("agentsPort", port(7443, "Loopback port that agents connect to"))
      .option("brokerPort", port(4322, "Loopback port of the broker"))
      .option("logLevel", { type: "string", choices: ["debug", "info", "warn", "error"], default: "warn" }),
  handler: async ({ data, json, logLevel, ...options }) => {
    // The services' packages take half a second to load: only the commands that run them do.
    const { startParallax } = await import("../up/up.js");
    const log = pino({ level: logLevel, base: null }, pino.destination(2));
    const ended = interrupted();
    const parallax = await startParallax({
      data,
      ports: {
        api: portNumber("--api-port", options.apiPort),
        warehouse: portNumber("--warehouse-port", options.warehousePort),
        agents: portNumber("--agents-port", options.agentsPort),
        broker: portNumber("--broker-port", options.brokerPort),
      },
      version: VERSION,
      log,
      onFatal: (reason) => ended.fail(new Error(reason)),
    });
    process.stdout.write(json ? `${JSON.stringify(parallax.where)}\n` : summary(parallax));
    try {
      await ended.promise;
    } finally {
      await parallax.stop();
    }
  },
};

/** What a person needs to know of a coordinator that has started. */
export function summary({ state, where }: Parallax): string {
  const token = `$(cat ${state.tokenFile("operator")})`;
  return [
    "Parallax is up. Ctrl-C ends it.",
    columns([
      ["query", `curl -H "X-ClickHouse-Key: ${token}" '${where.warehouse}/?query=SHOW+TABLES'`],
      ["", `node dist/coordinator/main.js query --data ${state.folder} 'SELECT * FROM disagreements LIMIT 5'`],
      ["api", where.api],
      ["agents", `connect to ${where.agents} with ${state.tokenFile("agent")}`],
      ["broker", `${where.broker} with ${state.tokenFile("broker")}`],
      ["data", state.folder],
    ]),
    "",
  ].join("\n");
}

function portNumber(option: string, given: number): number {
  if (Number.isInteger(given) && given >= 0 && given <= 65_535) return given;
  throw new UserError(`${option} is not a port`, { remedy: "give a number from 0 to 65535", exitCode: 2 });
}

/** Settles at SIGINT or SIGTERM, or fails from outside. */
function interrupted(): { promise: Promise<void>; fail(error: Error): void } {
  let fail: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((resolve, reject) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
    fail = reject;
  });
  // It may fail before anybody waits for it.
  promise.catch(() => undefined);
  return { promise, fail };
}
