import { reverse } from "node:dns/promises";
import type { Argv, CommandModule } from "yargs";
import type { Dossiers } from "../dossier/document.js";
import { printDossiers } from "../dossier/print.js";
import { withReverseNames } from "../dossier/reverse-names.js";
import { createClient } from "./client.js";
import type { CommonArguments } from "./common.js";
import { checkDate } from "./date.js";

interface DossierArguments extends CommonArguments {
  campaign: string;
  all: boolean;
  "as-of": string | undefined;
  "reverse-dns": boolean;
}

const EVERYTHING = 1_000_000;

/** `parallax dossiers`: the boxes that a campaign found, each with all that its paths say of it. */
export const dossiersCommand: CommandModule<CommonArguments, DossierArguments> = {
  command: "dossiers <campaign>",
  describe: "The middleboxes of a campaign, each with all that is known of it",
  builder: (args: Argv<CommonArguments>) =>
    args
      .positional("campaign", { type: "string", demandOption: true, describe: "Campaign's name" })
      .option("all", { type: "boolean", default: false, describe: "All boxes, not the first 100" })
      .option("as-of", { type: "string", describe: "Look networks and places up in data of this day or before" })
      .option("reverse-dns", {
        type: "boolean",
        default: false,
        describe: "Ask this machine's name server for the names of their addresses",
      }),
  handler: async ({ json, campaign, all, "as-of": asOf, "reverse-dns": reverseDns, ...to }) => {
    checkDate("--as-of", asOf);
    const query = new URLSearchParams({
      ...(all && { limit: String(EVERYTHING) }),
      ...(asOf !== undefined && { asOf }),
    });
    const path = `/v1/campaigns/${encodeURIComponent(campaign)}/dossiers?${query}`;
    const read = (await createClient(to).call(path)) as Dossiers;
    const found = reverseDns ? await withReverseNames(read, reverse) : read;
    process.stdout.write(json ? `${JSON.stringify(found)}\n` : printDossiers(found));
  },
};
