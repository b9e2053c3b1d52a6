import { isIP } from "node:net";
import pino from "pino";
import type { Argv, CommandModule } from "yargs";
import { columns } from "../../shared/cli/table.js";
import { UserError } from "../../shared/errors.js";
import { metricsAddress } from "../../shared/metrics/server.js";
import { VERSION } from "../../shared/version.js";
import type { Parallax } from "../up/up.js";
import type { CommonArguments } from "./common.js";
import { interrupted } from "./interrupted.js";

interface UpArguments extends CommonArguments {
  apiPort: number;
  warehousePort: number;
  agentsPort: number;
  enrolmentPort: number;
  brokerPort: number;
  publicAddress: string[];
  listen: string | undefined;
  apiAddress: string | undefined;
  metricsAddress: string | undefined;
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
      .option("publicAddress", {
        type: "string",
        array: true,
        default: [],
        describe: "Name or address by which agents reach this machine (default: only from here)",
      })
      .option("listen", {
        type: "string",
        describe: "Address on which agents' ports listen (default: all, or loopback)",
      })
      .option("apiAddress", {
        type: "string",
        describe: "HOST:PORT where operators with certificates reach the HTTP API as well, such as 0.0.0.0:7701",
      })
      .option("metricsAddress", {
        type: "string",
        describe: "HOST:PORT where Prometheus reads metrics without a token as well (/metrics of the API asks for it)",
      })
      .option("agentsPort", port(7443, "Port of agents' sessions"))
      .option("enrolmentPort", port(7444, "Port on which machines become agents"))
      .option("brokerPort", port(4322, "Port of the broker"))
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
        enrolment: portNumber("--enrolment-port", options.enrolmentPort),
        broker: portNumber("--broker-port", options.brokerPort),
      },
      publicNames: publicNames(options.publicAddress),
      listen: listenAddress(options),
      ...(options.apiAddress !== undefined && { apiAddress: apiAddress(options.apiAddress) }),
      ...(options.metricsAddress !== undefined && { metricsAddress: metricsAddress(options.metricsAddress) }),
      version: VERSION,
      log,
      // Who changed what is on record whatever the level of the rest.
      writes: log.child({}, { level: "info" }),
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
      ["dashboard", `${where.api}/#token=${token}`],
      ["query", `curl -H "X-ClickHouse-Key: ${token}" '${where.warehouse}/?query=SHOW+TABLES'`],
      ["", `node ${process.argv[1]} query --data ${state.folder} 'SELECT * FROM disagreements LIMIT 5'`],
      ["api", where.api],
      ...(where.operators === ""
        ? []
        : [["", `${where.operators} for operators with certificates of: parallax operators add NAME --out FOLDER`]]),
      ...(where.metrics === "" ? [] : [["metrics", where.metrics]]),
      ["agents", `become agents at ${where.enrolment} with a token of: parallax enroll create --vantage NAME`],
      ["", `and connect to ${where.agents} and ${where.broker}`],
      ["data", state.folder],
    ]),
    "",
  ].join("\n");
}

/** As certificates and tokens want them. */
function publicNames(given: readonly string[]): string[] {
  return given.map((text) => {
    const name = text.replace(/^\[|\]$/g, "");
    if (isIP(name) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$/.test(name)) return name;
    throw new UserError(`--public-address ${text} is neither a host name nor an address`, {
      remedy: "give it without a port; ports have options of their own",
      exitCode: 2,
    });
  });
}

function listenAddress({ listen, publicAddress }: Pick<UpArguments, "listen" | "publicAddress">): string {
  if (listen === undefined) return publicAddress.length === 0 ? "127.0.0.1" : "::";
  if (isIP(listen) !== 0) return listen;
  throw new UserError(`--listen ${listen} is no address`, {
    remedy: "give one of this machine's, or 0.0.0.0 or :: for all",
    exitCode: 2,
  });
}

/** `0.0.0.0:7701` or `[::]:7701`. */
function apiAddress(text: string): { host: string; port: number } {
  const [, host = "", port = ""] = /^\[?([^[\]]*)\]?:(\d{1,5})$/.exec(text) ?? [];
  if (isIP(host) !== 0) return { host, port: portNumber("--api-address", Number(port)) };
  throw new UserError(`--api-address ${text} is no address with a port`, {
    remedy: "give one of this machine's addresses, or 0.0.0.0 or [::] for all, and a port: 0.0.0.0:7701",
    exitCode: 2,
  });
}

function portNumber(option: string, given: number): number {
  if (Number.isInteger(given) && given >= 0 && given <= 65_535) return given;
  throw new UserError(`${option} is not a port`, { remedy: "give a number from 0 to 65535", exitCode: 2 });
}
