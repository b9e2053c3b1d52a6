import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Argv, CommandModule } from "yargs";
import { columns } from "../../shared/cli/table.js";
import { errorCode, UserError } from "../../shared/errors.js";
import type { SeriesRecord } from "../series/record.js";
import { parseTemplate } from "../series/template.js";
import { type Client, createClient } from "./client.js";
import type { CommonArguments } from "./common.js";

interface OneSeries extends CommonArguments {
  series: string;
}

const createCommand: CommandModule<CommonArguments, CommonArguments & { file: string }> = {
  command: "create <file>",
  describe: "Make a series from a campaign file with a schedule",
  builder: (args) => args.positional("file", { type: "string", demandOption: true, describe: "Template" }),
  handler: async ({ json, file, ...to }) => {
    const text = await readFile(file, "utf8").catch((cause: unknown) => {
      throw new UserError(`the template ${file} cannot be read (${errorCode(cause)})`, {
        remedy: "check the path",
        exitCode: 2,
        cause,
      });
    });
    const { ipv6 } = parseTemplate(text).spec.targets;
    const path = (name: string): string => resolve(dirname(file), name);
    const files = Array.isArray(ipv6)
      ? {}
      : { hitlist: path(ipv6.hitlist), ...(ipv6.aliased === undefined ? {} : { aliased: path(ipv6.aliased) }) };
    const series = (await createClient(to).call("/v1/series", { text, files })) as SeriesRecord;
    print(json, series, `${series.name}: the next run is at ${utc(series.dueAtMs)}`);
  },
};

const listCommand: CommandModule<CommonArguments, CommonArguments> = {
  command: "list",
  describe: "All series, with their last and next runs",
  handler: async ({ json, ...to }) => {
    const all = (await createClient(to).call("/v1/series")) as SeriesRecord[];
    const rows = all.map(({ name, paused, dueAtMs, lastRun, missedInAll }) => [
      name,
      paused ? "paused" : utc(dueAtMs),
      lastRun === null ? "-" : lastRun.campaign || lastRun.problem,
      String(missedInAll),
    ]);
    print(
      json,
      all,
      rows.length === 0 ? "no series yet" : columns([["series", "next run", "last run", "missed"], ...rows]),
    );
  },
};

const showCommand: CommandModule<CommonArguments, OneSeries> = {
  command: "show <series>",
  describe: "A series, its runs and those that were missed",
  builder: oneSeries,
  handler: async ({ json, series, ...to }) => {
    const found = (await createClient(to).call(pathOf(series))) as SeriesRecord;
    print(json, found, seriesText(found));
  },
};

const pauseCommand = changing("pause", "Begin no runs until it is resumed", () => "paused: no run begins");
const resumeCommand = changing("resume", "Begin runs again", ({ dueAtMs }) => `goes on; next run at ${utc(dueAtMs)}`);
const runNowCommand = changing("run-now", "Begin a run now", ({ lastRun }) => `runs as ${lastRun?.campaign}`);
const removeCommand = changing("remove", "Forget a series; its campaigns stay", () => "is removed");

export const seriesCommand: CommandModule<CommonArguments, CommonArguments> = {
  command: "series",
  describe: "Campaigns that come again by themselves",
  builder: (args) =>
    args
      .command(createCommand)
      .command(listCommand)
      .command(showCommand)
      .command(pauseCommand)
      .command(resumeCommand)
      .command(runNowCommand)
      .command(removeCommand)
      .demandCommand(1, "no series command is given"),
  handler: () => undefined,
};

function changing(
  verb: "pause" | "resume" | "run-now" | "remove",
  describe: string,
  text: (series: SeriesRecord) => string,
): CommandModule<CommonArguments, OneSeries> {
  return {
    command: `${verb} <series>`,
    describe,
    builder: oneSeries,
    handler: async ({ json, series, ...to }) => {
      const result = (await post(createClient(to), series, verb)) as SeriesRecord;
      print(json, result, `${series} ${text(result)}`);
    },
  };
}

function seriesText({ name, text, paused, dueAtMs, lastRun, missed, missedInAll }: SeriesRecord): string {
  const { schedule } = parseTemplate(text);
  return [
    `${name}: ${schedule.cron} in ${schedule.timeZone}${paused ? ", paused" : ""}`,
    `  next run  ${utc(dueAtMs)}`,
    `  last run  ${lastRun === null ? "-" : `${utc(lastRun.scheduledAtMs)} ${lastRun.campaign} ${lastRun.problem}`.trim()}`,
    `  missed    ${missedInAll}`,
    ...missed.map(({ scheduledAtMs, reason }) => `    ${utc(scheduledAtMs)}  ${reason}`),
  ].join("\n");
}

function oneSeries(args: Argv<CommonArguments>) {
  return args.positional("series", { type: "string", demandOption: true, describe: "Name of the series" });
}

function pathOf(series: string): string {
  return `/v1/series/${encodeURIComponent(series)}`;
}

function post(client: Client, series: string, verb: string): Promise<unknown> {
  return client.call(`${pathOf(series)}/${verb}`, {});
}

function utc(unixMs: number | null): string {
  return unixMs === null ? "never" : `${new Date(unixMs).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

function print(json: boolean, value: unknown, text: string): void {
  process.stdout.write(`${json ? JSON.stringify(value) : text}\n`);
}
