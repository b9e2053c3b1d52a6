import type { AfterHandshake, HandshakeVerdict } from "./names.js";
import type { Rule } from "./rules.js";

/** What the rules on handshakes ask; all of it is told by the facts of one handshake. */
export type HandshakeFact =
  | "the SYN/ACK claims MPTCP"
  | "the SYN/ACK is one of TCP"
  | "a DATA_ACK acknowledges what was sent"
  | "an unknown token is refused with MP_TCPRST"
  | "TCP acknowledges the data"
  | "the host knows our key, or MP_TCPRST"
  | "data was changed";

/**
 * Who really speaks MPTCP. The proof is the DATA_ACK (RFC 8684 section 3.3.2): it counts from a hash of our key, which a
 * box that mirrors options or answers SYNs for others does not compute. MP_TCPRST (section 3.6) is proof too, of a weaker
 * kind: it does not show that connections work.
 */
export const HANDSHAKE_RULES: readonly Rule<HandshakeFact, HandshakeVerdict>[] = [
  {
    name: "data-acknowledged",
    all: ["the SYN/ACK claims MPTCP", "a DATA_ACK acknowledges what was sent"],
    result: "dss-proved",
    words: "the number that it acknowledges follows from our key",
  },
  {
    name: "token-refused",
    all: ["an unknown token is refused with MP_TCPRST"],
    result: "join-reset",
    words: "only an MPTCP host refuses a join like that, though no connection showed that MPTCP works",
  },
  {
    name: "claim-dropped",
    all: ["the SYN/ACK claims MPTCP", "TCP acknowledges the data"],
    result: "fell-back",
    words: "the data arrived, and nothing but TCP came back",
  },
  {
    name: "plain-tcp",
    all: ["the SYN/ACK is one of TCP"],
    result: "fell-back",
    words: "after such a SYN/ACK both sides speak TCP (RFC 8684 section 3.7)",
  },
  { name: "nothing-shown", all: [], result: "unconfirmed", words: "neither MPTCP nor TCP went on" },
];

/** What was done to the connection after its handshake. */
export const AFTER_RULES: readonly Rule<HandshakeFact, AfterHandshake | "">[] = [
  {
    name: "no-claim",
    all: [],
    none: ["the SYN/ACK claims MPTCP"],
    result: "",
    words: "there is no MPTCP connection that anything could be done to",
  },
  {
    name: "changed-data",
    all: ["data was changed"],
    result: "payload-altered",
    words: "a checksum, MP_FAIL or too large an acknowledgement says that the data was changed",
  },
  {
    name: "options-gone",
    all: ["TCP acknowledges the data", "the host knows our key, or MP_TCPRST"],
    none: ["a DATA_ACK acknowledges what was sent"],
    result: "dss-stripped",
    words: "the host speaks MPTCP and has the data, and its acknowledgement of it did not come",
  },
  // Without proof that the host speaks MPTCP, a missing DSS is its own fall-back.
  { name: "nothing-done", all: [], result: "", words: "nothing speaks of a box" },
];
