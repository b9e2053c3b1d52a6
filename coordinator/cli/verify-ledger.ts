import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Argv, CommandModule } from "yargs";
import { z } from "zod";
import { errorCode, UserError } from "../../shared/errors.js";
import { printLedgerReport } from "../ledger/report.js";
import { type LedgerEntry, verifyLedger } from "../ledger/verify.js";
import { createClient } from "./client.js";
import type { CommonArguments } from "./common.js";

interface VerifyArguments extends CommonArguments {
  campaign: string;
  ledger: string[];
}

/** A line of `parallax-agent ledger`. */
const entrySchema = z.object({
  campaign: z.string(),
  agent: z.string(),
  ledger: z.string(),
  line: z.int().min(0),
  batch: z.string(),
  table: z.string(),
  rows: z.int().min(0),
  leases: z.array(z.string()),
});

/** `parallax verify-ledger`: what the agents say they made, against the tables. Exit code 1 for any difference. */
export const verifyLedgerCommand: CommandModule<CommonArguments, VerifyArguments> = {
  command: "verify-ledger <campaign>",
  describe: "Show that every row that agents made is in the tables once",
  builder: (args: Argv<CommonArguments>) =>
    args.positional("campaign", { type: "string", demandOption: true, describe: "Campaign's name" }).option("ledger", {
      type: "string",
      array: true,
      default: [],
      describe: "Files that `parallax-agent ledger` wrote, besides what agents sent",
    }),
  handler: async ({ json, campaign, ledger, ...to }) => {
    const client = createClient(to);
    // The coordinator's own words where there is no such campaign.
    await client.call(`/v1/campaigns/${encodeURIComponent(campaign)}`);
    const store = client.openStore();
    try {
      const files = await Promise.all(ledger.map((file) => readLedgerFile(file, campaign)));
      const report = await verifyLedger(store, campaign, files.flat());
      process.stdout.write(json ? `${JSON.stringify(report)}\n` : printLedgerReport(report));
      if (report.ok) return;
      const { missing, twice, unknown } = report;
      throw new UserError(
        `${campaign}: ${missing.rows} rows missing, ${twice.rows} twice, ${unknown.rows} in no ledger`,
        {
          remedy: "repeat it when the agents' spools are empty; what stays is listed above, with its agents and leases",
        },
      );
    } finally {
      await store.close();
    }
  },
};

/** The lines of one campaign in a file of `parallax-agent ledger`. Rejects with UserError. */
async function readLedgerFile(file: string, campaign: string): Promise<LedgerEntry[]> {
  const entries: LedgerEntry[] = [];
  try {
    for await (const text of createInterface({ input: createReadStream(file) })) {
      const entry = entrySchema.parse(JSON.parse(text));
      if (entry.campaign === campaign) entries.push(entry);
    }
  } catch (cause) {
    throw new UserError(`--ledger: ${file} is no ledger (${errorCode(cause) || "a line is damaged"})`, {
      remedy: "write it with `parallax-agent ledger`",
      exitCode: 2,
      cause,
    });
  }
  return entries;
}
