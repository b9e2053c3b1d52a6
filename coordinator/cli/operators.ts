import type { Argv, CommandModule } from "yargs";
import { columns } from "../../shared/cli/table.js";
import { UserError } from "../../shared/errors.js";
import { createKeyPair, createRequest, privateKeyPem } from "../../shared/identity/x509.js";
import type { AddedOperator, OperatorView } from "../api/operator-routes.js";
import { operatorRole } from "../identity/records.js";
import { createClient } from "./client.js";
import type { CommonArguments } from "./common.js";
import { beginOperatorFolder } from "./operator-folder.js";

interface OneOperator extends CommonArguments {
  name: string;
}
interface AddArguments extends OneOperator {
  role: string;
  expires: number;
  out: string;
}

const DAY_MS = 86_400_000;
const MOST_DAYS = 3_650;

const addCommand: CommandModule<CommonArguments, AddArguments> = {
  command: "add <name>",
  describe: "Make a key and a certificate for somebody who uses this coordinator from elsewhere",
  builder: (args) =>
    oneOperator(args)
      .option("role", { choices: operatorRole.options, default: "operator", describe: "A reader changes nothing" })
      .option("expires", { type: "number", default: 90, describe: "Days that the certificate holds" })
      .option("out", { type: "string", demandOption: true, describe: "Folder for key and certificates" }),
  handler: async ({ json, name, role, expires, out, ...to }) => {
    const lifetimeMs = Math.round(expires * DAY_MS);
    if (!(lifetimeMs >= 1_000 && expires <= MOST_DAYS)) {
      throw new UserError("--expires is no number of days", { remedy: `give 1 to ${MOST_DAYS}`, exitCode: 2 });
    }
    const client = createClient(to);
    const keys = await createKeyPair();
    const folder = beginOperatorFolder(out, await privateKeyPem(keys));
    // The coordinator puts in who it is for.
    const request = await createRequest(keys, { unit: "operator", name: "operator" });
    const wish = { name, role, lifetimeMs, certificateRequest: request.toString("base64") };
    const added = await client.call("/v1/operators", wish).catch((error: unknown) => {
      folder.abandon();
      throw error;
    });
    const { certificate, authority, ...view } = added as AddedOperator;
    folder.finish({ certificate, authority });
    process.stdout.write(
      json ? `${JSON.stringify({ ...view, folder: out })}\n` : addedText(view, out, client.operators),
    );
  },
};

const listCommand: CommandModule<CommonArguments, CommonArguments> = {
  command: "list",
  describe: "Everybody who ever had a certificate",
  handler: async ({ json, ...to }) => {
    const operators = (await createClient(to).call("/v1/operators")) as OperatorView[];
    process.stdout.write(`${json ? JSON.stringify(operators) : operatorTable(operators)}\n`);
  },
};

const revokeCommand: CommandModule<CommonArguments, OneOperator> = {
  command: "revoke <name>",
  describe: "Let an operator in no more, and end what it is doing",
  builder: oneOperator,
  handler: async ({ json, name, ...to }) => {
    const revoked = await createClient(to).call(`/v1/operators/${encodeURIComponent(name)}/revoke`, {});
    process.stdout.write(json ? `${JSON.stringify(revoked)}\n` : `operator ${name} is revoked\n`);
  },
};

/** `parallax operators`: who may use the coordinator from elsewhere. */
export const operatorsCommand: CommandModule<CommonArguments, CommonArguments> = {
  command: "operators <command>",
  describe: "People and programs that use this coordinator from elsewhere: add, list, revoke",
  builder: (args) => args.command(addCommand).command(listCommand).command(revokeCommand).demandCommand(1),
  handler: () => undefined,
};

function oneOperator(args: Argv<CommonArguments>) {
  return args.positional("name", { type: "string", demandOption: true, describe: "Operator's name" });
}

function addedText({ name, role, expiresMs }: OperatorView, folder: string, server: string): string {
  const use =
    server === ""
      ? "this coordinator listens on loopback alone; start it with --api-address to use it from elsewhere"
      : `use it with: parallax --server ${server} --identity ${folder} agents`;
  return `${name} is ${role === "reader" ? "a reader" : "an operator"} until ${new Date(expiresMs).toISOString()}; ${folder} has the key\n${use}\n`;
}

function operatorTable(operators: readonly OperatorView[]): string {
  if (operators.length === 0) return "there is no operator yet";
  const rows = operators.map(({ name, role, state, expiresMs, createdBy }) => [
    name,
    role,
    state,
    new Date(expiresMs).toISOString(),
    createdBy,
  ]);
  return columns([["operator", "role", "state", "expires", "made by"], ...rows]);
}
