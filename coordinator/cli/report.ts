import { join } from "node:path";
import type { Argv, CommandModule } from "yargs";
import { UserError } from "../../shared/errors.js";
import type { ReportSection } from "../report/item.js";
import { REPORT_ITEMS } from "../report/items/index.js";
import { readLand } from "../report/land.js";
import type { ReportHead } from "../report/read.js";
import { writeReport } from "../report/write.js";
import { createClient } from "./client.js";
import type { CommonArguments } from "./common.js";
import { checkDate } from "./date.js";

interface ReportArguments extends CommonArguments {
  campaigns: string[];
  out: string;
  "as-of": string | undefined;
}

/** What the API sends, a line each. */
type ReportLine =
  | { readonly head: ReportHead }
  | { readonly section: ReportSection }
  | { readonly failure: { readonly error: string; readonly remedy: string } };

/** `parallax report`: every table and figure of some campaigns as one page, and the CSV file behind each. */
export const reportCommand: CommandModule<CommonArguments, ReportArguments> = {
  command: "report <campaigns..>",
  describe: "Write the tables and figures of campaigns as one page with its CSV files",
  builder: (args: Argv<CommonArguments>) =>
    args
      .positional("campaigns", { type: "string", array: true, demandOption: true, describe: "Campaigns' names" })
      .option("out", { type: "string", demandOption: true, describe: "Folder to write to; made when missing" })
      .option("as-of", {
        type: "string",
        describe: "Look networks and places up in data of this day or before; the last campaign's start by default",
      }),
  handler: async ({ json, campaigns, out, "as-of": asOf, ...to }) => {
    checkDate("--as-of", asOf);
    const show = (text: string) => process.stderr.isTTY && process.stderr.write(`\r\u001b[K${text}`);
    let head: ReportHead | null = null;
    const sections: ReportSection[] = [];
    try {
      for await (const value of createClient(to).lines("/v1/report", undefined, { campaigns, asOf })) {
        const line = value as ReportLine;
        if ("failure" in line) throw new UserError(line.failure.error, { remedy: line.failure.remedy });
        if ("head" in line) head = line.head;
        else sections.push(line.section);
        show(`  ${sections.length} of ${REPORT_ITEMS.length} tables`);
      }
    } finally {
      show("");
    }
    if (head === null || sections.length < REPORT_ITEMS.length) {
      throw new UserError("the coordinator went away in the middle of the report", { remedy: "repeat the command" });
    }
    const files = writeReport(out, { head, items: REPORT_ITEMS, sections, drawing: { land: readLand() } });
    const absent = sections.flatMap(({ id, absent: reason }) => (reason === null ? [] : [{ item: id, reason }]));
    if (json) process.stdout.write(`${JSON.stringify({ folder: out, files, absent })}\n`);
    else process.stdout.write(summary(join(out, "index.html"), files.length - 1, absent));
  },
};

function summary(page: string, tables: number, absent: readonly { item: string; reason: string }[]): string {
  const lines = absent.map(({ item, reason }) => `  not measured: ${item}: ${reason}\n`);
  return `${page} with ${tables} CSV files\n${lines.join("")}`;
}
