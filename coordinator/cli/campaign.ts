import { open, readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Argv, CommandModule } from "yargs";
import { columns } from "../../shared/cli/table.js";
import { errorCode, errorMessage, UserError } from "../../shared/errors.js";
import type { CampaignPlan } from "../campaign/estimate.js";
import type { CampaignProgress } from "../campaign/progress.js";
import { parseCampaign } from "../campaign/spec.js";
import { certificateCommand, verifyCommand } from "./certificate.js";
import { type Client, createClient } from "./client.js";
import type { CommonArguments } from "./common.js";
import { diffCommand } from "./diff.js";
import { planText } from "./plan.js";
import { createProgressPrinter, progressLine } from "./progress.js";

interface OneCampaign extends CommonArguments {
  campaign: string;
}
interface CreateArguments extends CommonArguments {
  file: string;
  start: boolean;
}

const createCommand: CommandModule<CommonArguments, CreateArguments> = {
  command: "create <file>",
  describe: "Make a campaign from a YAML file",
  builder: (args) =>
    args
      .positional("file", { type: "string", demandOption: true, describe: "Campaign file" })
      .option("start", { type: "boolean", default: false, describe: "Start it at once" }),
  handler: async ({ json, file, start, ...to }) => {
    const client = createClient(to);
    const created = (await client.call("/v1/campaigns", await sendCampaign(client, file))) as CampaignProgress;
    const progress = start ? await post(client, created.id, "start") : created;
    print(
      json,
      progress,
      start ? `${progress.id} runs; watch it with: parallax campaign watch ${progress.id}` : created.id,
    );
  },
};

const planCommand: CommandModule<CommonArguments, CommonArguments & { file: string }> = {
  command: "plan <file>",
  describe: "What a campaign file would come to; nothing is made or sent",
  builder: (args) => args.positional("file", { type: "string", demandOption: true, describe: "Campaign file" }),
  handler: async ({ json, file, ...to }) => {
    const client = createClient(to);
    const plan = (await client.call("/v1/campaigns/plan", await sendCampaign(client, file))) as CampaignPlan;
    print(json, plan, planText(plan));
  },
};

/** Sends the files that a campaign file names; resolves with the body of the call that uses them. */
async function sendCampaign(client: Client, file: string): Promise<object> {
  const text = await readFile(file, "utf8").catch((error: unknown) => unreadable("campaign file", file, error));
  const sent: Record<string, { id: string; name: string }> = {};
  for (const { key, name, handle } of await openNamedFiles(file, text)) {
    sent[key] = { id: await client.sendFile(handle.createReadStream()), name };
  }
  return { text, ...sent };
}

/** The files that a campaign file names, found beside it. Rejects with UserError for one that is not there. */
async function openNamedFiles(file: string, text: string) {
  const { ipv6 } = parseCampaign(text).targets;
  const named = Array.isArray(ipv6) ? {} : { hitlist: ipv6.hitlist, aliased: ipv6.aliased };
  const files = Object.entries(named).flatMap(([key, name]) => (name === undefined ? [] : [{ key, name }]));
  return Promise.all(
    files.map(async ({ key, name }) => {
      const path = resolve(dirname(file), name);
      return { key, name, handle: await open(path).catch((error: unknown) => unreadable(`${key} file`, path, error)) };
    }),
  );
}

function unreadable(what: string, file: string, cause: unknown): never {
  const reason = errorCode(cause) === "ENOENT" ? "does not exist" : `cannot be read: ${errorMessage(cause)}`;
  throw new UserError(`the ${what} ${file} ${reason}`, { remedy: "check the path", exitCode: 2, cause });
}

const startCommand = changing("start", "Start a campaign", (progress) => `${progress.id} is ${progress.state}`);
const pauseCommand = changing(
  "pause",
  "Send nothing any more until it is resumed",
  (progress) =>
    `${progress.id} is paused at ${progress.marks.sent} of ${progress.marks.size} targets of ${progress.step}; go on with: parallax campaign resume ${progress.id}`,
);
const resumeCommand = changing(
  "resume",
  "Go on with a paused campaign",
  ({ id, marks, step }) => `${id} goes on with ${step}, ${marks.size - marks.sent} targets left`,
);
const cancelCommand = changing(
  "cancel",
  "End a campaign; what is in the tables stays",
  ({ id, state, marks, step }) =>
    `${id} is ${state} in ${step ?? "its beginning"}: ${marks.committed} of ${marks.size} targets are in the tables; ` +
    `what was asked and what was not: parallax campaign certificate ${id}`,
);

function changing(
  verb: "start" | "pause" | "resume" | "cancel",
  describe: string,
  text: (progress: CampaignProgress) => string,
): CommandModule<CommonArguments, OneCampaign> {
  return {
    command: `${verb} <campaign>`,
    describe,
    builder: oneCampaign,
    handler: async ({ json, campaign, ...to }) => {
      const progress = await post(createClient(to), campaign, verb);
      print(json, progress, text(progress));
    },
  };
}

const listCommand: CommandModule<CommonArguments, CommonArguments> = {
  command: "list",
  describe: "All campaigns, oldest first",
  handler: async ({ json, ...to }) => {
    const campaigns = (await createClient(to).call("/v1/campaigns")) as CampaignProgress[];
    const rows = campaigns.map((progress) => [progress.id, progress.state, progressLine(progress).trim()]);
    print(
      json,
      campaigns,
      rows.length === 0 ? "no campaigns yet" : columns([["campaign", "state", "progress"], ...rows]),
    );
  },
};

const watchCommand: CommandModule<CommonArguments, OneCampaign> = {
  command: "watch <campaign>",
  describe: "Show a campaign's progress until it is over",
  builder: oneCampaign,
  handler: async ({ json, campaign, ...to }) => {
    const last = await watchCampaign(createClient(to), campaign, json);
    if (last?.state === "failed") {
      throw new UserError(`campaign ${campaign} failed: ${last.error}`, { remedy: "see the coordinator's log" });
    }
  },
};

/** Prints the progress of a campaign until it is over; resolves with the last one. */
async function watchCampaign(client: Client, campaign: string, json: boolean): Promise<CampaignProgress | null> {
  const printer = createProgressPrinter(process.stdout);
  let last: CampaignProgress | null = null;
  for await (const value of client.lines(`/v1/campaigns/${encodeURIComponent(campaign)}/watch`)) {
    last = value as CampaignProgress;
    if (json) process.stdout.write(`${JSON.stringify(last)}\n`);
    else printer.show(last);
  }
  printer.end();
  return last;
}

export const campaignCommand: CommandModule<CommonArguments, CommonArguments> = {
  command: "campaign",
  describe: "Make, run and watch campaigns",
  builder: (args) =>
    args
      .command(planCommand)
      .command(createCommand)
      .command(startCommand)
      .command(listCommand)
      .command(watchCommand)
      .command(pauseCommand)
      .command(resumeCommand)
      .command(cancelCommand)
      .command(certificateCommand)
      .command(verifyCommand)
      .command(diffCommand)
      .demandCommand(1, "no campaign command is given"),
  handler: () => undefined,
};

function oneCampaign(args: Argv<CommonArguments>) {
  return args.positional("campaign", { type: "string", demandOption: true, describe: "Campaign's name" });
}

async function post(client: Client, campaign: string, verb: string): Promise<CampaignProgress> {
  return (await client.call(`/v1/campaigns/${encodeURIComponent(campaign)}/${verb}`, {})) as CampaignProgress;
}

function print(json: boolean, value: unknown, text: string): void {
  process.stdout.write(`${json ? JSON.stringify(value) : text}\n`);
}
