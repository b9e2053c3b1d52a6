import type { Argv, CommandModule } from "yargs";
import { columns } from "../../shared/cli/table.js";
import { GROUPINGS, type Grouping } from "../blackhole/groups.js";
import type { ReportSection } from "../report/item.js";
import { BLACKHOLE_ITEMS } from "../report/items/blackholes.js";
import { shown } from "../report/render/numbers.js";
import { createClient } from "./client.js";
import type { CommonArguments } from "./common.js";
import { checkDate } from "./date.js";

interface BlackholeArguments extends CommonArguments {
  campaign: string;
  by: Grouping;
  "as-of": string | undefined;
}

/** `parallax blackholes`: how often a SYN with MP_CAPABLE is dropped whose control is answered. */
export const blackholesCommand: CommandModule<CommonArguments, BlackholeArguments> = {
  command: "blackholes <campaign>",
  describe: "How often a SYN with MP_CAPABLE vanishes whose control is answered, with confidence intervals",
  builder: (args: Argv<CommonArguments>) =>
    args
      .positional("campaign", { type: "string", demandOption: true, describe: "Campaign's name" })
      .option("by", { choices: GROUPINGS, default: "vantage" as const, describe: "A row for each of these" })
      .option("as-of", { type: "string", describe: "Look networks and countries up in data of this day or before" }),
  handler: async ({ json, campaign, by, "as-of": asOf, ...to }) => {
    checkDate("--as-of", asOf);
    const query = new URLSearchParams({ by, ...(asOf !== undefined && { asOf }) });
    const path = `/v1/campaigns/${encodeURIComponent(campaign)}/blackholes?${query}`;
    const section = (await createClient(to).call(path)) as ReportSection;
    process.stdout.write(`${json ? JSON.stringify(section) : blackholeTable(by, section)}\n`);
  },
};

function blackholeTable(by: Grouping, { rows, absent }: ReportSection): string {
  if (absent !== null) return `not measured: ${absent}`;
  const own = BLACKHOLE_ITEMS[by].columns.filter(({ name }) => name !== "campaign");
  const lines = rows.map((row) => own.map(({ name, kind }) => shown(row[name] ?? null, kind)));
  return columns([own.map(({ title }) => title), ...lines]);
}
