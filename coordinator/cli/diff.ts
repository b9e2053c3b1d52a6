import type { CommandModule } from "yargs";
import type { CampaignDiff, DiffChange } from "../compare/diff.js";
import { createClient } from "./client.js";
import type { CommonArguments } from "./common.js";

interface DiffArguments extends CommonArguments {
  before: string;
  after: string;
}

export const diffCommand: CommandModule<CommonArguments, DiffArguments> = {
  command: "diff <before> <after>",
  describe: "What changed from one campaign to another",
  builder: (args) =>
    args
      .positional("before", { type: "string", demandOption: true, describe: "Campaign's name" })
      .positional("after", { type: "string", demandOption: true, describe: "Name of the later one" }),
  handler: async ({ json, before, after, ...to }) => {
    const path = `/v1/campaigns/${encodeURIComponent(before)}/diff/${encodeURIComponent(after)}`;
    const diff = (await createClient(to).call(path)) as CampaignDiff;
    process.stdout.write(`${json ? JSON.stringify(diff) : diffText(diff)}\n`);
  },
};

function diffText({ before, after, targets, gained, lost, hosts, paths, views }: CampaignDiff): string {
  const part = (title: string, lines: readonly string[]): string[] => [
    "",
    title,
    ...(lines.length ? lines : ["  none"]),
  ];
  return [
    `${before} -> ${after}: ${targets.before} and ${targets.after} targets, ${targets.both} in both`,
    `MPTCP: ${gained} gained, ${lost} lost`,
    ...part("Hosts", hosts.map(changeText)),
    ...part("Paths", paths.map(changeText)),
    ...part(
      "Views",
      views.map((view) => `${changeText(view)}  at ${view.vantage}`),
    ),
  ].join("\n");
}

function changeText({ before, after, count, examples }: DiffChange): string {
  const named = examples.map(({ target, port }) => `${target} port ${port}`).join(", ");
  return `  ${String(count).padStart(10)}  ${before || "(unknown)"} -> ${after || "(unknown)"}  such as ${named}`;
}
