import type { Argv, CommandModule } from "yargs";
import { columns } from "../../shared/cli/table.js";
import type { CanaryReport } from "../canary/read.js";
import { createClient } from "./client.js";
import type { CommonArguments } from "./common.js";

interface CanariesArguments extends CommonArguments {
  campaign: string;
}

export const canariesCommand: CommandModule<CommonArguments, CanariesArguments> = {
  command: "canaries <campaign>",
  describe: "What the targets whose answer is known said to each vantage point",
  builder: (args: Argv<CommonArguments>) =>
    args.positional("campaign", { type: "string", demandOption: true, describe: "Campaign's name" }),
  handler: async ({ json, campaign, ...to }) => {
    const path = `/v1/campaigns/${encodeURIComponent(campaign)}/canaries`;
    const reports = (await createClient(to).call(path)) as CanaryReport[];
    process.stdout.write(`${json ? JSON.stringify(reports) : canaryTable(reports)}\n`);
  },
};

/** A row for each canary and agent. */
export function canaryTable(reports: readonly CanaryReport[]): string {
  const header = ["vantage", "agent", "canary", "port", "expected", "last answer", "when (UTC)", "alarm"];
  const rows = reports.map(({ vantage, agent, target, port, expected, answer, askedAtMs, wrongSinceMs }) => [
    vantage,
    agent === "" ? "-" : agent,
    target,
    String(port),
    expected ?? "its first answer",
    answer ?? "not asked yet",
    askedAtMs === null ? "-" : utc(askedAtMs),
    wrongSinceMs === null ? "-" : `since ${utc(wrongSinceMs)}`,
  ]);
  return columns([header, ...rows]);
}

function utc(unixMs: number): string {
  return new Date(unixMs).toISOString().slice(0, 19).replace("T", " ");
}
