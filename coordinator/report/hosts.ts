import type { ViewVerdict } from "../../shared/verdict/names.js";

/** A SYN/ACK came back, to the control at least. */
const ANSWERED: readonly ViewVerdict[] = [
  "plain",
  "echo",
  "altered-echo",
  "claims-v0",
  "claims-v1",
  "malformed",
  "blocked-on-mptcp",
  "blocked-on-unknown-option",
];
/** An answer had MP_CAPABLE. */
const MP_CAPABLE: readonly ViewVerdict[] = ["echo", "altered-echo", "claims-v0", "claims-v1"];
/** An answer had MP_CAPABLE with a key that is not the prober's. */
const DIFFERENT_KEY: readonly ViewVerdict[] = ["claims-v0", "claims-v1"];

const among = (verdicts: readonly string[]): string => `verdict IN (${verdicts.map((name) => `'${name}'`).join(", ")})`;

/** `IPv4` or `IPv6`, of an expression that gives an address. */
export const familyOf = (address: string): string =>
  `if(${address} BETWEEN toIPv6('::ffff:0.0.0.0') AND toIPv6('::ffff:255.255.255.255'), 'IPv4', 'IPv6')`;

const CLASSES = `max(${among(ANSWERED)}) AS answered, max(${among(MP_CAPABLE)}) AS mp_capable,
    max(${among(DIFFERENT_KEY)}) AS different_key`;

/**
 * What the answers to the SYNs say of a target, over all vantage points of a campaign: columns campaign, port, target,
 * family, answered, mp_capable, different_key (0 or 1); targets that answered. Parameter: campaigns Array(String).
 */
export const SCANNED = `
  SELECT campaign, port, target, ${familyOf("target")} AS family, ${CLASSES}
  FROM target_views FINAL WHERE campaign IN {campaigns:Array(String)}
  GROUP BY campaign, port, target HAVING answered`;

/** The same over all campaigns together, a row per target and port. */
export const SCANNED_EVER = `
  SELECT port, target, ${familyOf("target")} AS family, ${CLASSES}
  FROM target_views FINAL WHERE campaign IN {campaigns:Array(String)}
  GROUP BY port, target HAVING answered`;

/** The same of one campaign, without its name. Parameter: campaign String. */
export const SCANNED_ONCE = `
  SELECT port, target, ${familyOf("target")} AS family, ${CLASSES}
  FROM target_views FINAL WHERE campaign = {campaign:String}
  GROUP BY port, target HAVING answered`;

/** Place of a campaign among those of the report, from 1. */
export const CAMPAIGN_PLACE = "indexOf({campaigns:Array(String)}, toString(campaign))";
