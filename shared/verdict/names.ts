/** What one SYN got back. `no-reply` never is a row: silence is coverage without a row. */
export const SYN_VERDICTS = [
  "no-reply",
  "rst",
  "unreachable",
  "plain",
  "echo",
  "altered-echo",
  "claims-v0",
  "claims-v1",
  "malformed",
] as const;
export type SynVerdict = (typeof SYN_VERDICTS)[number];

/** What the paired control adds: the port answers, but not when the option is there. */
export const PAIR_VERDICTS = ["blocked-on-mptcp", "blocked-on-unknown-option"] as const;
export type PairVerdict = (typeof PAIR_VERDICTS)[number];

/** What one vantage point says of one target, over all variants. */
export type ViewVerdict = SynVerdict | PairVerdict;

/** What a quote shows of the MPTCP option (kind 30). A short quote is unobservable, never unmodified. */
export const MPTCP_STATES = [
  "unmodified",
  "stripped-removed",
  "stripped-nop",
  "altered",
  "added",
  "unobservable",
] as const;
export type MptcpState = (typeof MPTCP_STATES)[number];

/** The thesis's classes, over all evidence from all vantage points. */
export const HOST_VERDICTS = [
  "mptcp",
  "echoing-middlebox",
  "middlebox-near-host",
  "not-capable",
  "not-reached",
] as const;
export type HostVerdict = (typeof HOST_VERDICTS)[number];

/** How the vantage points' views of one target relate. */
export const PLACEMENTS = ["agree", "near-source", "near-destination", "transit", "flapping", "uncertain"] as const;
export type Placement = (typeof PLACEMENTS)[number];

/** Who really speaks MPTCP: `join-reset` and `dss-proved` are proof, as nobody without the keys can make them. */
export const HANDSHAKE_VERDICTS = ["join-reset", "dss-proved", "fell-back", "unconfirmed"] as const;
export type HandshakeVerdict = (typeof HANDSHAKE_VERDICTS)[number];

/** What became of a second subflow with a valid HMAC. */
export const JOIN_VERDICTS = ["join-accepted", "join-blocked", "join-rejected"] as const;
export type JoinVerdict = (typeof JOIN_VERDICTS)[number];

/** What was done to the connection after its handshake. */
export const AFTER_HANDSHAKE = ["dss-stripped", "payload-altered"] as const;
export type AfterHandshake = (typeof AFTER_HANDSHAKE)[number];
