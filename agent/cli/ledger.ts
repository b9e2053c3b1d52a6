import { join } from "node:path";
import type { CommandModule } from "yargs";
import { loadAgentConfig } from "../config/config.js";
import { LEDGER_FOLDER } from "../lease/spool-identity.js";
import { readLedgers } from "../ledger/ledger.js";

interface LedgerArguments {
  config: string;
  campaign: string | undefined;
}

/** `parallax-agent ledger`: the batches that this agent made, a JSON line each, for `parallax verify-ledger --ledger`. */
export const ledgerCommand: CommandModule<object, LedgerArguments> = {
  command: "ledger",
  describe: "Print what this agent made, a line for each batch",
  builder: (args) =>
    args
      .option("config", { type: "string", demandOption: true, describe: "The agent's own file" })
      .option("campaign", { type: "string", describe: "Only this campaign" }),
  handler: async ({ config, campaign }) => {
    const { name: agent, spool } = loadAgentConfig(config);
    for (const stored of await readLedgers(join(spool.folder, LEDGER_FOLDER), campaign)) {
      const { campaign: of, ledger, lines } = stored;
      for (const line of lines) process.stdout.write(`${JSON.stringify({ campaign: of, agent, ledger, ...line })}\n`);
    }
  },
};
