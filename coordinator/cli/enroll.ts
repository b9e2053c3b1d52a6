import type { CommandModule } from "yargs";
import { columns } from "../../shared/cli/table.js";
import { UserError } from "../../shared/errors.js";
import type { TokenView } from "../api/identity-routes.js";
import { createClient } from "./client.js";
import type { CommonArguments } from "./common.js";

interface CreateArguments extends CommonArguments {
  uses: number;
  expires: string;
  label: string[];
  name: string | undefined;
  vantage: string | undefined;
  maxPps: number | undefined;
  sourcePrefix: string | undefined;
}
interface RevokeArguments extends CommonArguments {
  id: string;
}

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const createCommand: CommandModule<CommonArguments, CreateArguments> = {
  command: "create",
  describe: "Print a token with which a machine can become an agent",
  builder: (args) =>
    args
      .option("uses", { type: "number", default: 1, describe: "Machines that may enrol with it" })
      .option("expires", { type: "string", default: "24h", describe: "Its life: 30m, 24h, 7d" })
      .option("label", { type: "string", array: true, default: [], describe: "key=value that its agents get" })
      .option("name", { type: "string", describe: "Name of its agent; one that is there is replaced" })
      .option("vantage", { type: "string", describe: "Vantage point of its agents" })
      .option("maxPps", { type: "number", describe: "Most packets per second of each of its agents" })
      .option("sourcePrefix", { type: "string", describe: "Its agents connect from this prefix only" }),
  handler: async ({ json, uses, expires, label, name, vantage, maxPps, sourcePrefix, ...to }) => {
    const wish = {
      uses,
      lifetimeMs: lifetimeMs(expires),
      labels: labelsOf(label),
      name,
      vantage,
      maxPps,
      sourcePrefix,
    };
    const made = (await createClient(to).call("/v1/enrolment/tokens", wish)) as TokenView & { token: string };
    process.stdout.write(json ? `${JSON.stringify(made)}\n` : `${made.token}\n`);
  },
};

const listCommand: CommandModule<CommonArguments, CommonArguments> = {
  command: "list",
  describe: "Tokens with their state and their agents",
  handler: async ({ json, ...to }) => {
    const tokens = (await createClient(to).call("/v1/enrolment/tokens")) as TokenView[];
    process.stdout.write(json ? `${JSON.stringify(tokens)}\n` : `${table(tokens)}\n`);
  },
};

const revokeCommand: CommandModule<CommonArguments, RevokeArguments> = {
  command: "revoke <id>",
  describe: "Let nobody enrol with a token any more; its agents stay",
  builder: (args) => args.positional("id", { type: "string", demandOption: true, describe: "As `list` shows it" }),
  handler: async ({ json, id, ...to }) => {
    const token = (await createClient(to).call(
      `/v1/enrolment/tokens/${encodeURIComponent(id)}/revoke`,
      {},
    )) as TokenView;
    process.stdout.write(json ? `${JSON.stringify(token)}\n` : `token ${token.id} is revoked\n`);
  },
};

/** `parallax enroll`: enrolment tokens. */
export const enrollCommand: CommandModule<CommonArguments, CommonArguments> = {
  command: "enroll <command>",
  describe: "Tokens with which machines become agents: create, list, revoke",
  builder: (args) => args.command(createCommand).command(listCommand).command(revokeCommand).demandCommand(1),
  handler: () => undefined,
};

/** `30m` in milliseconds. @throws UserError */
function lifetimeMs(text: string): number {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (amount !== undefined && unit !== undefined) return Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
  throw new UserError(`--expires ${text} is no duration`, { remedy: "write it as 30m, 24h or 7d", exitCode: 2 });
}

function labelsOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf("=");
      if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
      throw new UserError(`--label ${text} is no label`, { remedy: "write it as key=value", exitCode: 2 });
    }),
  );
}

function table(tokens: readonly TokenView[]): string {
  if (tokens.length === 0) return "there is no enrolment token yet";
  const header = ["token", "state", "used", "expires", "for", "agents"];
  const rows = tokens.map(({ id, state, used, uses, expiresMs, terms }) => [
    id,
    state,
    `${used.length}/${uses}`,
    new Date(expiresMs).toISOString(),
    [terms.name, terms.vantage].filter((word) => word !== null).join("@") || "any",
    used.map(({ agent }) => agent).join(" "),
  ]);
  return columns([header, ...rows]);
}
