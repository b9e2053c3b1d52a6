import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Argv, CommandModule } from "yargs";
import { errorMessage, UserError } from "../../shared/errors.js";
import { chooseFields } from "../../shared/zmap/fields.js";
import { parseFilter } from "../../shared/zmap/filter.js";
import { EXPORT_TABLE_NAMES, EXPORT_TABLES, type ExportTableName, parquetOf } from "../export/parquet.js";
import { type ExportedCampaign, ptoObservations } from "../export/pto.js";
import type { AskTables } from "../export/tables.js";
import { writeWhole } from "../export/whole-file.js";
import { zmapCsv } from "../export/zmap-csv.js";
import { createClient } from "./client.js";
import type { CommonArguments } from "./common.js";

const FORMATS = ["parquet", "zmap-csv", "pto-ndjson"] as const;
type Format = (typeof FORMATS)[number];

interface ExportArguments extends CommonArguments {
  campaign: string;
  format: Format;
  out: string | undefined;
  table: ExportTableName | undefined;
  port: number | undefined;
  vantage: string | undefined;
  "output-fields": string | undefined;
  "output-filter": string | undefined;
}

/** Options that one format alone has. */
const FORMATS_OF: Readonly<Record<string, readonly Format[]>> = {
  table: ["parquet"],
  port: ["zmap-csv", "pto-ndjson"],
  vantage: ["zmap-csv", "pto-ndjson"],
  "output-fields": ["zmap-csv"],
  "output-filter": ["zmap-csv"],
};

const TABLES_TEXT = EXPORT_TABLE_NAMES.map((name) => `${name}: ${EXPORT_TABLES[name].holds}`).join("; ");

/** `parallax export`: a campaign for other tools. */
export const exportCommand: CommandModule<CommonArguments, ExportArguments> = {
  command: "export <campaign>",
  describe: "Write a campaign for other tools: Parquet, ZMap's CSV, observations of the Path Transparency Observatory",
  builder: (args: Argv<CommonArguments>) =>
    args
      .positional("campaign", { type: "string", demandOption: true, describe: "Campaign's name" })
      .option("format", { choices: FORMATS, demandOption: true, describe: "What to write" })
      .option("out", {
        type: "string",
        describe: "File to write, standard output by default; for parquet without --table a folder",
      })
      .option("table", { choices: EXPORT_TABLE_NAMES, describe: `parquet: one table (${TABLES_TEXT}); all by default` })
      .option("vantage", { type: "string", describe: "Only what this vantage point saw" })
      .option("port", { type: "number", describe: "Only this port" })
      .option("output-fields", {
        type: "string",
        alias: "f",
        describe: "zmap-csv: columns, as parallax-agent scan has them",
      })
      .option("output-filter", { type: "string", describe: 'zmap-csv: rows, as in ZMap: "success = 1 && repeat = 0"' }),
  handler: async (args) => {
    checkOptions(args);
    const { json, campaign, format, out, table, port, vantage } = args;
    const client = createClient(args);
    const leave = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => leave.abort(interruptedBy(signal)));
    const ask: AskTables = (sql, form, options) => client.query(sql, form, { ...options, signal: leave.signal });
    const head = (await client.call(`/v1/campaigns/${encodeURIComponent(campaign)}/head`)) as ExportedCampaign;
    const selection = { campaign, vantage, port };
    if (head.finishedAtMs === null) process.stderr.write(`${campaign} is not over: what is in the tables so far\n`);

    const written: { file: string; bytes: number }[] = [];
    const put = async (content: Readable, file: string | undefined): Promise<void> => {
      if (file === undefined) await pipeline(content, process.stdout, { end: false, signal: leave.signal });
      else written.push({ file, bytes: await writeWhole(file, content, leave.signal) });
    };
    if (format === "zmap-csv") {
      const fields = chooseFields(args["output-fields"]);
      await put(await zmapCsv(ask, selection, { fields, filter: parseFilter(args["output-filter"] ?? "") }), out);
    } else if (format === "pto-ndjson") await put(await ptoObservations(ask, selection, head), out);
    else if (table !== undefined) await put(await parquetOf(ask, campaign, table), out);
    else {
      const folder = out ?? "";
      makeFolder(folder);
      for (const name of EXPORT_TABLE_NAMES)
        await put(await parquetOf(ask, campaign, name), join(folder, `${name}.parquet`));
    }
    if (json && out !== undefined) process.stdout.write(`${JSON.stringify({ files: written })}\n`);
    else for (const { file, bytes } of written) process.stdout.write(`${file}: ${bytes.toLocaleString("en")} bytes\n`);
  },
};

/** @throws UserError with exit code 2 */
function checkOptions(args: ExportArguments): void {
  for (const [option, formats] of Object.entries(FORMATS_OF)) {
    if (args[option as keyof ExportArguments] !== undefined && !formats.includes(args.format)) {
      throw new UserError(`--${option} does nothing with --format ${args.format}`, {
        remedy: `leave it out, or write ${formats.join(" or ")}`,
        exitCode: 2,
      });
    }
  }
  if (args.format === "parquet" && args.table === undefined && args.out === undefined) {
    throw new UserError("all tables do not fit into standard output", {
      remedy: "name a folder with --out, or one table with --table",
      exitCode: 2,
    });
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw new UserError(`the folder ${folder} cannot be made: ${errorMessage(cause)}`, {
      remedy: "name a folder that you may write with --out",
      cause,
    });
  }
}

function interruptedBy(signal: string): UserError {
  return new UserError(`the export was ended by ${signal}`, { remedy: "nothing of it is left; begin again" });
}
