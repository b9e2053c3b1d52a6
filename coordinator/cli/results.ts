import { isIP } from "node:net";
import { pipeline } from "node:stream/promises";
import type { Argv, CommandModule } from "yargs";
import { UserError } from "../../shared/errors.js";
import type { CampaignProgress } from "../campaign/progress.js";
import type { Comparison, Explanation } from "../compare/document.js";
import { printComparison } from "../compare/print.js";
import { printExplanation } from "../explain/print.js";
import { type Client, createClient } from "./client.js";
import type { CommonArguments } from "./common.js";

interface CompareArguments extends CommonArguments {
  campaign: string;
  port: number | undefined;
  all: boolean;
}
interface ExplainArguments extends CommonArguments {
  address: string;
  campaign: string | undefined;
}
interface QueryArguments extends CommonArguments {
  sql: string;
  format: string | undefined;
}

const EVERYTHING = 1_000_000;

export const compareCommand: CommandModule<CommonArguments, CompareArguments> = {
  command: "compare <campaign>",
  describe: "Compare the vantage points of a campaign",
  builder: (args: Argv<CommonArguments>) =>
    args
      .positional("campaign", { type: "string", demandOption: true, describe: "Campaign's name" })
      .option("port", { type: "number", describe: "Only this port" })
      .option("all", { type: "boolean", default: false, describe: "All rows, not the first 200" }),
  handler: async ({ json, campaign, port, all, ...to }) => {
    const query = new URLSearchParams();
    if (port !== undefined) query.set("port", String(port));
    if (all) query.set("limit", String(EVERYTHING));
    const path = `/v1/campaigns/${encodeURIComponent(campaign)}/compare?${query}`;
    const comparison = (await createClient(to).call(path)) as Comparison;
    process.stdout.write(json ? `${JSON.stringify(comparison)}\n` : printComparison(comparison));
  },
};

export const explainCommand: CommandModule<CommonArguments, ExplainArguments> = {
  command: "explain <address>",
  describe: "Say in words what is known of one address, and from what",
  builder: (args: Argv<CommonArguments>) =>
    args
      .positional("address", { type: "string", demandOption: true, describe: "IPv4 or IPv6 address" })
      .option("campaign", { type: "string", describe: "Campaign's name; the last one by default" }),
  handler: async ({ json, address, campaign, ...to }) => {
    if (!isIP(address)) {
      throw new UserError(`${JSON.stringify(address)} is not an IP address`, {
        remedy: "give an IPv4 or IPv6 address, not a name or a prefix",
        exitCode: 2,
      });
    }
    const client = createClient(to);
    const of = encodeURIComponent(campaign ?? (await lastCampaign(client)));
    const path = `/v1/campaigns/${of}/explain/${encodeURIComponent(address)}`;
    const explanations = (await client.call(path)) as Explanation[];
    if (json) process.stdout.write(`${JSON.stringify(explanations)}\n`);
    else process.stdout.write(explanations.map(printExplanation).join("\n"));
  },
};

async function lastCampaign(client: Client): Promise<string> {
  const last = ((await client.call("/v1/campaigns")) as CampaignProgress[]).at(-1);
  if (last !== undefined) return last.id;
  throw new UserError("there is no campaign yet", { remedy: "make one with `parallax campaign create`" });
}

export const queryCommand: CommandModule<CommonArguments, QueryArguments> = {
  command: "query <sql>",
  describe: "Run a query on the tables and print its result",
  builder: (args: Argv<CommonArguments>) =>
    args
      .positional("sql", { type: "string", demandOption: true, describe: "One statement that reads" })
      .option("format", { type: "string", describe: "Any of ClickHouse's formats" }),
  handler: async ({ json, sql, format, ...to }) => {
    const result = await createClient(to).query(sql, format ?? (json ? "JSONEachRow" : "PrettyCompactMonoBlock"));
    await pipeline(result, process.stdout, { end: false });
  },
};
