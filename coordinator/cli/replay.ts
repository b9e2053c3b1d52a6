import type { Argv, CommandModule } from "yargs";
import { UserError } from "../../shared/errors.js";
import { printReplay } from "../replay/print.js";
import type { ReplayEvent } from "../replay/replay.js";
import type { ReplayReport } from "../replay/report.js";
import type { CommonArguments } from "./campaign.js";
import { type Client, createClient } from "./client.js";

interface ReplayArguments extends CommonArguments {
  campaign: string;
  apply: boolean;
}

/** `parallax replay`: verdicts of the past by the rules of today. */
export const replayCommand: CommandModule<CommonArguments, ReplayArguments> = {
  command: "replay <campaign>",
  describe: "Judge a campaign's rows again by the present rules, and say what would change",
  builder: (args: Argv<CommonArguments>) =>
    args
      .positional("campaign", { type: "string", demandOption: true, describe: "Campaign's name" })
      .option("apply", { type: "boolean", default: false, describe: "Let comparisons use the new verdicts" }),
  handler: async ({ data, json, campaign, apply }) => {
    const report = await followReplay(createClient(data), campaign, apply);
    process.stdout.write(json ? `${JSON.stringify(report)}\n` : printReplay(report));
  },
};

/** What the API sends, a line each. */
type ReplayLine = ReplayEvent | { readonly failure: { readonly error: string; readonly remedy: string } };

/** Shows how far it is on a terminal; resolves with the report. */
export async function followReplay(client: Client, campaign: string, apply: boolean): Promise<ReplayReport> {
  const path = `/v1/campaigns/${encodeURIComponent(campaign)}/replay`;
  const show = (text: string) => process.stderr.isTTY && process.stderr.write(`\r\u001b[K${text}`);
  try {
    for await (const value of client.lines(path, undefined, { apply })) {
      const line = value as ReplayLine;
      if ("report" in line) return line.report;
      if ("failure" in line) throw new UserError(line.failure.error, { remedy: line.failure.remedy });
      show(progressText(line.progress));
    }
  } finally {
    show("");
  }
  throw new UserError("the coordinator went away in the middle of the replay", { remedy: "repeat the command" });
}

function progressText({ step, rows, of }: Extract<ReplayEvent, { progress: unknown }>["progress"]): string {
  if (step === "comparing") return "  comparing the vantage points";
  const percent = of === 0 ? 100 : Math.floor((100 * rows) / of);
  return `  judging ${percent} %  ${rows.toLocaleString("en")} of ${of.toLocaleString("en")} rows`;
}
