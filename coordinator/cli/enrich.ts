import { open } from "node:fs/promises";
import { basename } from "node:path";
import type { Argv, CommandModule } from "yargs";
import { columns } from "../../shared/cli/table.js";
import { errorMessage, UserError } from "../../shared/errors.js";
import { FILE_KINDS, type FileKind } from "../enrich/entry.js";
import type { ImportReport } from "../enrich/import.js";
import type { Snapshot } from "../enrich/pins.js";
import { createClient } from "./client.js";
import type { CommonArguments } from "./common.js";
import { checkDate } from "./date.js";

interface ImportArguments extends CommonArguments {
  kind: FileKind;
  file: string;
  date: string | undefined;
}

const importCommand: CommandModule<CommonArguments, ImportArguments> = {
  command: "import <kind> <file>",
  describe: "Take in a data set on prefixes or networks, or an own scan of boxes with nmap, as a new snapshot",
  builder: (args: Argv<CommonArguments>) =>
    args
      .positional("kind", { choices: FILE_KINDS, demandOption: true, describe: "Kind of the file" })
      .positional("file", { type: "string", demandOption: true, describe: "Text also as gzip or zstd" })
      .option("date", { type: "string", describe: "Date of the data, YYYY-MM-DD; what the file says, or today" }),
  handler: async ({ json, kind, file, date, ...to }) => {
    checkDate("--date", date);
    const query = new URLSearchParams({ kind, name: basename(file), ...(date !== undefined && { date }) });
    const handle = await open(file).catch((cause: unknown) => {
      throw new UserError(`${file} cannot be read: ${errorMessage(cause)}`, {
        remedy: "check its name",
        exitCode: 2,
        cause,
      });
    });
    const path = `/v1/snapshots?${query}`;
    const report = (await createClient(to).send(path, handle.createReadStream())) as ImportReport;
    process.stdout.write(json ? `${JSON.stringify(report)}\n` : importText(report));
  },
};

const listCommand: CommandModule<CommonArguments, CommonArguments> = {
  command: "list",
  describe: "The snapshots, the latest data first",
  handler: async ({ json, ...to }) => {
    const snapshots = (await createClient(to).call("/v1/snapshots")) as Snapshot[];
    process.stdout.write(json ? `${JSON.stringify(snapshots)}\n` : `${snapshotTable(snapshots)}\n`);
  },
};

/** `parallax enrich`: what others know of prefixes and networks. */
export const enrichCommand: CommandModule<CommonArguments, CommonArguments> = {
  command: "enrich",
  describe: "Data sets that tell networks and places of addresses, and scans that tell what boxes are",
  builder: (args: Argv<CommonArguments>) =>
    args.command(importCommand).command(listCommand).demandCommand(1, "enrich needs import or list"),
  handler: () => undefined,
};

/** What was taken and what was not, with an example of each. */
function importText({ snapshot, kind, date, file, rows, leftOut }: ImportReport): string {
  const taken = Object.entries(rows).map(([topic, count]) => `${count.toLocaleString("en")} ${topic}`);
  const left = leftOut.map(
    ({ reason, entries, example }) =>
      `  left out: ${entries.toLocaleString("en")} × ${reason}, such as ${JSON.stringify(example)}\n`,
  );
  return `${file} (${kind}, ${date}) is snapshot ${snapshot}: ${taken.join(", ")}\n${left.join("")}`;
}

function snapshotTable(snapshots: readonly Snapshot[]): string {
  if (snapshots.length === 0) return "nothing was imported yet";
  const header = ["topic", "date", "kind", "file", "rows", "left out", "snapshot"];
  const rows = snapshots.map(({ topic, date, kind, file, rows: count, leftOut, snapshot }) => [
    ...[topic, date, kind, file, String(count), String(leftOut), String(snapshot)],
  ]);
  return columns([header, ...rows]);
}
