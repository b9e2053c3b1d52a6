import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseDocument } from "yaml";
import { z } from "zod";
import type { Prefix } from "../../shared/address/prefix.js";
import { parsePrefix } from "../../shared/address/prefix.js";
import { DecodeError, errorCode, UserError } from "../../shared/errors.js";
import { isName } from "../../shared/lease/protocol.js";
import { problemsError } from "./problems.js";

/** An agent's own file, checked. Paths are absolute, prefixes decoded. */
export interface AgentConfig {
  readonly name: string;
  readonly vantage: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly coordinator: { readonly address: string; readonly tokenFile: string };
  readonly broker: { readonly url: string; readonly tokenFile: string };
  readonly spool: { readonly folder: string; readonly maxBytes: number };
  readonly interface: string;
  /** `ports` null: every port is allowed. */
  readonly caps: { readonly packetsPerSecond: number; readonly ports: readonly number[] | null };
  /** Special-purpose prefixes that may be probed from here. Nothing but this file can open them. */
  readonly open: readonly Prefix[];
  /** Prefixes that are never probed from here. */
  readonly block: readonly Prefix[];
  /** Who answers for the probes; without it nothing leaves the opened special-purpose prefixes. */
  readonly contact: { readonly email: string; readonly url: string } | null;
}

const name = z.string().refine(isName, "use 1 to 63 letters, digits, - and _, beginning with a letter or digit");
const label = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/,
    "use 1 to 128 letters, digits and . _ / -, in quotes where YAML needs it",
  );

const prefix = z.string().transform((text, context): Prefix => {
  try {
    return parsePrefix(text);
  } catch (error) {
    if (!(error instanceof DecodeError)) {
      throw error;
    }
    context.addIssue({ code: "custom", message: `write ${text} as a prefix like 198.18.0.0/15 or 2001:db8::/32` });
    return z.NEVER;
  }
});

const schema = z.strictObject({
  name,
  vantage: name,
  labels: z.record(label, label).default({}),
  coordinator: z.strictObject({
    address: z
      .string()
      .regex(/^(unix:.+|\[[0-9A-Fa-f:.]+\]:\d{1,5}|[^\s:/]+:\d{1,5})$/, "write it as host:port, as in 192.0.2.1:7443"),
    tokenFile: z.string().min(1),
  }),
  broker: z.strictObject({
    url: z.string().regex(/^(nats|tls):\/\/\S+$/, "write it as nats://host:port"),
    tokenFile: z.string().min(1),
  }),
  spool: z.strictObject({
    folder: z.string().min(1),
    maxBytes: z.number().int().min(16_777_216, "give the spool at least 16777216 (16 MiB)"),
  }),
  interface: z.string().regex(/^[^\s/]{1,15}$/, "name a network interface, as `ip link` shows it"),
  caps: z.strictObject({
    packetsPerSecond: z.number().int().min(1).max(100_000_000),
    ports: z.array(z.number().int().min(1).max(65_535)).min(1).optional(),
  }),
  open: z.array(prefix).default([]),
  block: z.array(prefix).default([]),
  contact: z
    .strictObject({
      email: z.email("write an address that somebody reads"),
      url: z.url({ protocol: /^https?$/, error: "write a page's address that begins with http:// or https://" }),
    })
    .optional(),
});

/**
 * Reads and checks an agent's YAML file; relative paths in it start from its folder.
 *
 * @throws UserError with exit code 2: one line per problem, each with its key and the remedy.
 */
export function loadAgentConfig(file: string): AgentConfig {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new UserError(`the agent's file ${file} cannot be read (${errorCode(error)})`, {
      remedy: "name an existing file with --config",
      exitCode: 2,
      cause: error,
    });
  }
  return parseAgentConfig(text, file);
}

/** As `loadAgentConfig`, from the file's text; `file` names it in messages and anchors relative paths. */
export function parseAgentConfig(text: string, file: string): AgentConfig {
  const document = parseDocument(text);
  const broken = document.errors[0];
  if (broken !== undefined) {
    throw new UserError(`${file}: ${firstLine(broken.message)}`, { remedy: "mend the YAML there", exitCode: 2 });
  }
  const checked = schema.safeParse(document.toJS() ?? {}, { reportInput: true });
  if (!checked.success) {
    throw problemsError(file, checked.error.issues);
  }
  const value = checked.data;
  const folder = dirname(resolve(file));
  const path = (relative: string): string => resolve(folder, relative);
  return {
    ...value,
    coordinator: { ...value.coordinator, tokenFile: path(value.coordinator.tokenFile) },
    broker: { ...value.broker, tokenFile: path(value.broker.tokenFile) },
    spool: { ...value.spool, folder: path(value.spool.folder) },
    caps: { packetsPerSecond: value.caps.packetsPerSecond, ports: value.caps.ports ?? null },
    contact: value.contact ?? null,
  };
}

/**
 * The token in a file, without the white space around it. `key` names the setting in messages.
 *
 * @throws UserError with exit code 2 when the file cannot be read or is empty.
 */
export function readToken(file: string, key: string): string {
  const fail = (problem: string, cause?: unknown): UserError =>
    new UserError(`${key}: ${file} ${problem}`, {
      remedy: "put the token there that the coordinator printed for this agent",
      exitCode: 2,
      cause,
    });
  let token: string;
  try {
    token = readFileSync(file, "utf8").trim();
  } catch (error) {
    throw fail(`cannot be read (${errorCode(error)})`, error);
  }
  if (token === "") {
    throw fail("is empty");
  }
  return token;
}

function firstLine(message: string): string {
  return (message.split("\n")[0] ?? message).replace(/:$/, "");
}
