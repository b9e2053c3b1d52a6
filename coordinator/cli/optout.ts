import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Argv, CommandModule } from "yargs";
import { formatPrefix, parsePrefix } from "../../shared/address/prefix.js";
import { columns } from "../../shared/cli/table.js";
import { DecodeError, errorCode, UserError } from "../../shared/errors.js";
import { parseBlocklistFile } from "../../shared/target/blocklist-file.js";
import type { OptOutChange } from "../optout/book.js";
import type { OptOut } from "../optout/event.js";
import type { OptOutReach } from "../optout/reach.js";
import { type Client, createClient } from "./client.js";
import type { CommonArguments } from "./common.js";

interface Words extends CommonArguments {
  reason: string;
  contact: string;
}

/** What agents have within a minute is waited for; an agent that is away gets it when it comes back. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 200;

const addCommand: CommandModule<CommonArguments, Words & { prefixes: string[] }> = {
  command: "add <prefixes..>",
  describe: "Ask these addresses never again, from any vantage point",
  builder: (args) =>
    words(args).positional("prefixes", {
      type: "string",
      array: true,
      demandOption: true,
      describe: "Prefixes or addresses",
    }),
  handler: async ({ json, prefixes, reason, contact, ...to }) => {
    const entries = prefixes.map((text) => ({ prefix: readPrefix(text), reason }));
    await change(createClient(to), json, "/v1/optouts", { entries, contact });
  },
};

const importCommand: CommandModule<CommonArguments, Words & { file: string }> = {
  command: "import <file>",
  describe: "Take over a blocklist in ZMap's format",
  builder: (args) =>
    words(args).positional("file", { type: "string", demandOption: true, describe: "A prefix a line, # reason" }),
  handler: async ({ json, file, reason, contact, ...to }) => {
    const text = await readFile(file, "utf8").catch((cause: unknown) => {
      throw new UserError(`the blocklist ${file} cannot be read (${errorCode(cause)})`, {
        remedy: "check the path",
        exitCode: 2,
        cause,
      });
    });
    const lines = parseBlocklistFile(text, file);
    if (lines.length === 0) {
      throw new UserError(`${file} names no prefix`, { remedy: "write one prefix on each line", exitCode: 2 });
    }
    const entries = lines.map((line) => ({ prefix: formatPrefix(line.prefix), reason: line.reason ?? reason }));
    await change(createClient(to), json, "/v1/optouts", { entries, contact, origin: basename(file) });
  },
};

const withdrawCommand: CommandModule<CommonArguments, CommonArguments & { prefix: string; reason: string }> = {
  command: "withdraw <prefix>",
  describe: "Correct an opt-out that was a mistake; both stay on record",
  builder: (args) =>
    args
      .positional("prefix", { type: "string", demandOption: true, describe: "As `optout list` shows it" })
      .option("reason", { type: "string", demandOption: true, describe: "Why it does not hold any more" }),
  handler: async ({ json, prefix, reason, ...to }) => {
    await change(createClient(to), json, "/v1/optouts/withdraw", { prefix: readPrefix(prefix), reason });
  },
};

const listCommand: CommandModule<CommonArguments, CommonArguments> = {
  command: "list",
  describe: "Every opt-out there ever was",
  handler: async ({ json, ...to }) => {
    const optOuts = (await createClient(to).call("/v1/optouts")) as OptOut[];
    process.stdout.write(`${json ? JSON.stringify(optOuts) : optOutTable(optOuts)}\n`);
  },
};

export const optOutCommand: CommandModule<CommonArguments, CommonArguments> = {
  command: "optout",
  describe: "Who is not to be asked",
  builder: (args) =>
    args
      .command(addCommand)
      .command(importCommand)
      .command(listCommand)
      .command(withdrawCommand)
      .demandCommand(1, "no optout command is given"),
  handler: () => undefined,
};

function words(args: Argv<CommonArguments>): Argv<Words> {
  return args
    .option("reason", { type: "string", demandOption: true, describe: "Who asked for it, and how" })
    .option("contact", { type: "string", demandOption: true, describe: "Where to answer them: a mail address" });
}

/** Sends a change and waits until it holds at every connected agent. */
async function change(client: Client, json: boolean, path: string, body: unknown): Promise<void> {
  const { revision, added, known } = (await client.call(path, body)) as OptOutChange;
  const reach = await waitForAgents(client, revision);
  if (json) process.stdout.write(`${JSON.stringify({ added, known, ...reach })}\n`);
  else {
    const agents = reach.holding.length + reach.waiting.length;
    process.stdout.write(
      `opt-outs are at revision ${revision}: ${added} added${known > 0 ? `, ${known} known before` : ""}; ` +
        `in force at ${reach.holding.length} of ${agents} connected agents\n`,
    );
  }
  if (reach.waiting.length > 0) {
    throw new UserError(`not confirmed within ${PATIENCE_MS / 1_000} s by ${reach.waiting.join(", ")}`, {
      remedy: "they get no more work until they confirm; see `parallax agents`, or stop them",
    });
  }
}

async function waitForAgents(client: Client, revision: number): Promise<OptOutReach> {
  const untilMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const reach = (await client.call("/v1/optouts/reach")) as OptOutReach;
    if ((reach.revision >= revision && reach.waiting.length === 0) || Date.now() > untilMs) return reach;
    await sleep(LOOK_MS);
  }
}

function optOutTable(optOuts: readonly OptOut[]): string {
  if (optOuts.length === 0) return "nobody has opted out";
  const rows = optOuts.map(({ prefix, addedAtMs, contact, reason, withdrawn }) => [
    prefix,
    day(addedAtMs),
    contact,
    reason,
    withdrawn === null ? "holds" : `withdrawn on ${day(withdrawn.atMs)}: ${withdrawn.reason}`,
  ]);
  return columns([["prefix", "since", "contact", "reason", "state"], ...rows]).replace(/[^\P{Cc}\n]/gu, " ");
}

function day(unixMs: number): string {
  return new Date(unixMs).toISOString().slice(0, 10);
}

function readPrefix(text: string): string {
  try {
    return formatPrefix(parsePrefix(text));
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    throw new UserError(cause.message, {
      remedy: "write a prefix such as 203.0.113.0/24 or 2001:db8::/32, or an address",
      exitCode: 2,
      cause,
    });
  }
}
