import type { AfterHandshake, HandshakeVerdict, HostVerdict, JoinVerdict, Placement, ViewVerdict } from "./names.js";

/** What a host verdict means, as the end of a sentence that begins with the address. */
export const HOST_WORDS: Readonly<Record<HostVerdict, string>> = {
  mptcp: "speaks Multipath TCP",
  "echoing-middlebox": "does not speak Multipath TCP: a middlebox repeats the prober's own option",
  "middlebox-near-host": "cannot be judged: a middlebox close to it keeps the option from every vantage point",
  "not-capable": "does not speak Multipath TCP",
  "not-reached": "was not reached by any probe that still carried the option",
};

export const PLACEMENT_WORDS: Readonly<Record<Placement, string>> = {
  agree: "all vantage points agree",
  "near-source": "the box stands near the vantage point that sees it",
  "near-destination": "the box stands near the host, on every path to it",
  transit: "the box stands in the middle of some paths",
  flapping: "one vantage point got different answers to the same probe",
  uncertain: "a difference or a box is there, and no trace shows where it comes from",
};

export const VIEW_WORDS: Readonly<Record<ViewVerdict, string>> = {
  "no-reply": "heard nothing",
  rst: "was refused (RST)",
  unreachable: "was told that the host is unreachable",
  plain: "got an answer without MPTCP",
  echo: "got its own MPTCP option back",
  "altered-echo": "got its own MPTCP option back, altered",
  "claims-v0": "got an answer with MPTCP v0",
  "claims-v1": "got an answer with MPTCP v1",
  malformed: "got an MPTCP option of impossible form",
  "blocked-on-mptcp": "got an answer only when its SYN had no MPTCP option",
  "blocked-on-unknown-option": "got an answer only when its SYN had no option unknown to the box",
};

/** What a handshake says of its host. */
export const HANDSHAKE_WORDS: Readonly<Record<HandshakeVerdict, string>> = {
  "dss-proved": "speaks MPTCP: it acknowledged our data by a number that follows from our key",
  "join-reset": "knows MPTCP: it refused an unknown token with MP_TCPRST, but no handshake proved it",
  "fell-back": "TCP: there was no sign of MPTCP behind the SYN exchange",
  unconfirmed: "nothing proved",
};

export const JOIN_WORDS: Readonly<Record<JoinVerdict, string>> = {
  "join-accepted": "second subflow accepted, HMAC right",
  "join-blocked": "second subflow blocked: no right answer to MP_JOIN",
  "join-rejected": "second subflow rejected with RST",
};

export const AFTER_WORDS: Readonly<Record<AfterHandshake, string>> = {
  "dss-stripped": "DSS was taken out on the way",
  "payload-altered": "data was changed on the way",
};

const CHANGE_WORDS: Readonly<Record<string, string>> = {
  "tcp.option.mptcp.removed": "the MPTCP option is cut out",
  "tcp.option.mptcp.nop": "the MPTCP option is overwritten with NOPs",
  "tcp.option.mptcp.changed": "the MPTCP option is altered",
  "tcp.option.mptcp.added": "an MPTCP option is added",
  "tcp.option.mptcp.blocked": "a SYN with the MPTCP option disappears",
  "tcp.option.mptcp.reset": "a SYN with the MPTCP option is answered with RST",
  "tcp.option.mptcp.echoed": "the MPTCP option is sent back as it came",
  "tcp.option.mptcp.claimed": "MPTCP is claimed in an answer, and no handshake bears it out",
  "tcp.synack.proxied": "something before the host answers in its name",
  "tcp.option.mss.changed": "the maximum segment size is rewritten",
  "ip.length.changed": "the packet has another length",
  "ip.dscp.changed": "the DSCP is rewritten",
  "ip.ecn.changed": "the ECN bits are rewritten",
};

/** A condition name in words; names without words of their own are shown as they are. */
export function changeWords(condition: string): string {
  return CHANGE_WORDS[condition] ?? `${condition.replace(/\.(\w+)$/, " is $1")}`;
}
