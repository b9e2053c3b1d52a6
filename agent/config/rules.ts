import { resolve } from "node:path";
import { z } from "zod";
import { type Prefix, parsePrefix } from "../../shared/address/prefix.js";
import { DecodeError } from "../../shared/errors.js";
import { type BlockedPrefix, readBlocklistFile } from "./blocked.js";

/** What an agent's own file says about where its probes may go, how fast, and who answers for them. */
export interface AgentRules {
  /** Special-purpose prefixes that may be probed from here. Nothing but this file can open them. */
  readonly open: readonly Prefix[];
  /** Prefixes that are never probed from here: work there is refused. */
  readonly block: readonly Prefix[];
  /** Opt-outs and the lines of the blocklist files: left out when their turn comes, and counted. */
  readonly blocked: readonly BlockedPrefix[];
  /** Who answers for the probes; without it nothing leaves the opened special-purpose prefixes. */
  readonly contact: { readonly email: string; readonly url: string } | null;
  /** The page that tells whoever asks what the probes are; null: none is served. */
  readonly infoPage: { readonly port: number; readonly address: string } | null;
}

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

const optOut = z.strictObject({
  prefix,
  date: z.iso.date("write the day as 2026-03-01"),
  reason: z.string().min(1, "say who asked for it, and how"),
});

/** The keys of the rules, for the schema of a whole file. */
export const RULE_KEYS = {
  open: z.array(prefix).default([]),
  block: z.array(prefix).default([]),
  blocklistFiles: z.array(z.string().min(1)).default([]),
  optOuts: z.array(optOut).default([]),
  contact: z
    .strictObject({
      email: z.email("write an address that somebody reads"),
      url: z.url({ protocol: /^https?$/, error: "write a page's address that begins with http:// or https://" }),
    })
    .optional(),
  infoPage: z
    .strictObject({
      port: z.number().int().min(1).max(65_535),
      address: z.union([z.ipv4(), z.ipv6()], "write an address of this machine, or leave it out for all").default("::"),
    })
    .optional(),
};

export const INTERFACE_KEY = z.string().regex(/^[^\s/]{1,15}$/, "name a network interface, as `ip link` shows it");

export const CAPS_KEY = z.strictObject({
  packetsPerSecond: z.number().int().min(1).max(100_000_000),
  ports: z.array(z.number().int().min(1).max(65_535)).min(1).optional(),
});

const rulesObject = z.object(RULE_KEYS);

/** A page without anybody to write to would only say that somebody scans. */
export function requireContactForPage(value: { contact?: unknown; infoPage?: unknown }): boolean {
  return value.infoPage === undefined || value.contact !== undefined;
}

export const CONTACT_FOR_PAGE = {
  path: ["infoPage"],
  error: "set contact.email and contact.url too: the page says whom to ask",
};

/** Rules from checked keys. Relative paths start from `folder`; throws UserError when a blocklist file cannot be read. */
export function rulesOf(value: z.output<typeof rulesObject>, folder: string): AgentRules {
  const optedOut = value.optOuts.map(
    (one): BlockedPrefix => ({
      prefix: one.prefix,
      reason: `opted out on ${one.date}: ${one.reason}`,
      origin: "optOuts",
    }),
  );
  const listed = value.blocklistFiles.flatMap((file, i) =>
    readBlocklistFile(`blocklistFiles[${i}]`, resolve(folder, file)),
  );
  return {
    open: value.open,
    block: value.block,
    blocked: [...optedOut, ...listed],
    contact: value.contact ?? null,
    infoPage: value.infoPage ?? null,
  };
}
