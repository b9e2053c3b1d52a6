import { setFlagsFromString } from "node:v8";
import pino from "pino";
import type { Argv, CommandModule } from "yargs";
import { columns } from "../../shared/cli/table.js";
import { UserError } from "../../shared/errors.js";
import { metricsAddress } from "../../shared/metrics/server.js";
import { GROWING_HEAP } from "../growing-heap.js";

import type { DeadLetter, Replayed } from "../ingest/dead.js";
import { type ClickHouseArguments, secret, storeOptions, withClickHouseOptions } from "./clickhouse-options.js";
import { createClient } from "./client.js";
import type { CommonArguments } from "./common.js";
import { interrupted } from "./interrupted.js";

interface IngestArguments extends CommonArguments, ClickHouseArguments {
  nats: string;
  natsTokenFile: string | undefined;
  clickhouse: string;
  metricsAddress: string | undefined;
  logLevel: string;
}
interface ReplayArguments extends CommonArguments {
  batch: string | undefined;
}

const CONCURRENCY = 4;

const deadListCommand: CommandModule<CommonArguments, CommonArguments> = {
  command: "list",
  describe: "What could not be inserted: when, why, from whom",
  handler: async ({ json, ...to }) => {
    const letters = (await createClient(to).call("/v1/dead")) as DeadLetter[];
    process.stdout.write(json ? `${JSON.stringify(letters)}\n` : `${letterTable(letters)}\n`);
  },
};

const deadCommand: CommandModule<CommonArguments, CommonArguments> = {
  command: "dead",
  describe: "Batches that could not be inserted",
  builder: (args: Argv<CommonArguments>) => args.command(deadListCommand).demandCommand(1, "no command is given"),
  handler: () => undefined,
};

const replayDeadCommand: CommandModule<CommonArguments, ReplayArguments> = {
  command: "replay-dead",
  describe: "Put batches that could not be inserted through ingest again, and remove those that are in the tables then",
  builder: (args: Argv<CommonArguments>) =>
    args.option("batch", { type: "string", describe: "Only this one; all by default" }),
  handler: async ({ json, batch, ...to }) => {
    const outcomes: Replayed[] = [];
    const body = batch === undefined ? {} : { batch };
    for await (const value of createClient(to).lines("/v1/dead/replay", undefined, body)) {
      const one = value as Replayed;
      outcomes.push(one);
      process.stdout.write(json ? `${JSON.stringify(one)}\n` : `${outcomeLine(one)}\n`);
    }
    if (batch !== undefined && outcomes.length === 0) {
      throw new UserError(`no dead letter is of batch ${batch}`, { remedy: "see `parallax ingest dead list`" });
    }
    const left = outcomes.filter(({ outcome }) => outcome !== "committed").length;
    if (left > 0) {
      throw new UserError(`${left} of ${outcomes.length} are still dead letters`, {
        remedy: "mend what their reasons name (an older coordinator: install the version of the agents) and repeat it",
      });
    }
  },
};

/** `parallax ingest`: batches from the broker into the tables, in a process of its own; and its dead letters. */
export const ingestCommand: CommandModule<CommonArguments, IngestArguments> = {
  command: "ingest",
  describe: "Carry batches from a broker into a warehouse, beside other such processes; dead letters",
  builder: (args: Argv<CommonArguments>) =>
    withClickHouseOptions(args.command(deadCommand).command(replayDeadCommand))
      .option("nats", {
        type: "string",
        demandOption: true,
        describe: "Broker, as tls://host:port or nats://host:port",
      })
      .option("natsTokenFile", {
        type: "string",
        describe: "File with the token of a broker that is not a coordinator's own",
      })
      .option("clickhouse", { type: "string", demandOption: true, describe: "ClickHouse, as http://host:port" })
      .option("metricsAddress", {
        type: "string",
        describe: "HOST:PORT where Prometheus reads metrics (default: nowhere)",
      })
      .option("logLevel", { type: "string", choices: ["debug", "info", "warn", "error"], default: "info" }),
  handler: async (args) => {
    setFlagsFromString(GROWING_HEAP);
    const [{ runIngest }, { dialIngest }] = await Promise.all([
      import("../ingest/process.js"),
      import("../ingest/dial.js"),
    ]);
    const natsToken = secret("--nats-token-file", args.natsTokenFile);
    const log = pino({ level: args.logLevel, base: null }, pino.destination(2));
    const where = args.metricsAddress === undefined ? null : metricsAddress(args.metricsAddress);
    const metrics =
      where === null ? null : await (await import("../metrics/ingest-process.js")).openIngestMetrics(where);
    if (metrics !== null) log.info({ url: metrics.url }, "metrics are served");
    const ended = interrupted();
    await runIngest(
      {
        nats: args.nats,
        connect: () => dialIngest({ nats: args.nats, natsToken, data: args.data }),
        clickhouse: storeOptions(args.clickhouse, args),
        concurrency: CONCURRENCY,
        log,
        ...(metrics && { metrics }),
      },
      ended.promise,
    ).finally(() => metrics?.close());
  },
};

function letterTable(letters: readonly DeadLetter[]): string {
  if (letters.length === 0) return "no dead letters: every batch could be inserted";
  const rows = letters.map(({ buriedAt, batch, table, rows: count, subject, reason }) => [
    buriedAt.slice(0, 19),
    batch ?? "no batch",
    table ?? "",
    String(count ?? ""),
    subject,
    reason,
  ]);
  return columns([["time (UTC)", "batch", "table", "rows", "subject", "reason"], ...rows]);
}

function outcomeLine({ batch, subject, outcome, again }: Replayed): string {
  return `${batch ?? "no batch"} of ${subject}: ${outcome}${again === "" ? "" : `: ${again}`}`;
}
