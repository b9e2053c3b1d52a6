import type { Argv, CommandModule } from "yargs";
import { UserError } from "../../shared/errors.js";
import { printCapturedScan, readCapturedScan } from "../replay/captured-scan.js";
import { printReplay } from "../replay/print.js";
import type { ReplayEvent } from "../replay/replay.js";
import type { ReplayReport } from "../replay/report.js";
import { type Client, createClient } from "./client.js";
import type { CommonArguments } from "./common.js";

interface ReplayArguments extends CommonArguments {
  campaign: string | undefined;
  apply: boolean;
  "from-pcap": string | undefined;
}

/** `parallax replay`: verdicts of the past by the rules of today, from a campaign's rows or from a capture. */
export const replayCommand: CommandModule<CommonArguments, ReplayArguments> = {
  command: "replay [campaign]",
  describe: "Judge a campaign's rows again by the present rules, and say what would change",
  builder: (args: Argv<CommonArguments>) =>
    args
      .positional("campaign", { type: "string", describe: "Campaign's name" })
      .option("apply", { type: "boolean", default: false, describe: "Let comparisons use the new verdicts" })
      .option("from-pcap", { type: "string", describe: "Judge the scan in this capture instead, of any tool" }),
  handler: async ({ json, campaign, apply, "from-pcap": file, ...to }) => {
    if ((campaign === undefined) === (file === undefined) || (file !== undefined && apply)) {
      throw new UserError(file === undefined ? "no campaign is named" : "a capture is judged alone, and not applied", {
        remedy: "write `parallax replay CAMPAIGN [--apply]` or `parallax replay --from-pcap FILE`",
        exitCode: 2,
      });
    }
    if (campaign === undefined) return replayCapture(file ?? "", json);
    const report = await followReplay(createClient(to), campaign, apply);
    process.stdout.write(json ? `${JSON.stringify(report)}\n` : printReplay(report));
  },
};

function replayCapture(file: string, json: boolean): void {
  const scan = readCapturedScan(file);
  if (json) for (const view of scan.views) process.stdout.write(`${JSON.stringify(view)}\n`);
  else process.stdout.write(printCapturedScan(scan));
  if (scan.unpaired > 0) process.stderr.write(`${scan.unpaired} answers belong to no SYN of the capture\n`);
  if (scan.problem !== null) throw scan.problem;
}

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
