import { AFTER_RULES, HANDSHAKE_RULES, type HandshakeFact } from "./handshake-rules.js";
import type { AfterHandshake, HandshakeVerdict, SynVerdict } from "./names.js";
import { decide } from "./rules.js";

/** What was seen of one handshake; the verdict follows from these alone. */
export interface HandshakeFacts extends DataFacts {
  /** An MP_JOIN with a token that nobody has was answered by a RST with MP_TCPRST. */
  readonly joinReset: boolean;
  /** What answered the SYN with MP_CAPABLE. */
  readonly synVerdict: SynVerdict;
}

/** What became of data that was sent in a handshake whose SYN/ACK claimed MPTCP. */
export interface DataFacts {
  /** TCP acknowledged all the data. */
  readonly dataAcked: boolean;
  /** A DSS of the host's acknowledged some of our data, or none of it, counted from our key's IDSN. */
  readonly dssSeen: boolean;
  /** And one acknowledged exactly what was sent. */
  readonly dataAckRight: boolean;
  /** MP_FAIL, MP_TCPRST for middlebox interference, a wrong checksum, or more acknowledged than was sent. */
  readonly altered: boolean;
}

/** The verdict on one handshake, and what was done to its connection (`HANDSHAKE_RULES`, `AFTER_RULES`). */
export function judgeHandshake(facts: HandshakeFacts): {
  readonly verdict: HandshakeVerdict;
  readonly after: AfterHandshake | "";
} {
  const look = (fact: HandshakeFact): readonly HandshakeFact[] => (holds(fact, facts) ? [fact] : []);
  return { verdict: decide(HANDSHAKE_RULES, look).result, after: decide(AFTER_RULES, look).result };
}

function holds(fact: HandshakeFact, { joinReset, synVerdict, ...data }: HandshakeFacts): boolean {
  switch (fact) {
    case "the SYN/ACK claims MPTCP":
      return synVerdict === "claims-v0" || synVerdict === "claims-v1";
    case "the SYN/ACK is one of TCP":
      return PLAIN_TCP.has(synVerdict);
    case "a DATA_ACK acknowledges what was sent":
      return data.dataAckRight;
    case "an unknown token is refused with MP_TCPRST":
      return joinReset;
    case "TCP acknowledges the data":
      return data.dataAcked;
    case "the host knows our key, or MP_TCPRST":
      return joinReset || data.dssSeen;
    case "data was changed":
      return data.altered;
  }
}

/** A SYN/ACK after which both sides, if they go on, speak TCP (RFC 8684 section 3.7). */
const PLAIN_TCP: ReadonlySet<SynVerdict> = new Set(["plain", "echo", "altered-echo", "malformed"]);

/** A claim of the other version is no answer to a handshake of `variant`. */
export function handshakeSynVerdict(variant: "v0" | "v1", synVerdict: SynVerdict): SynVerdict {
  return synVerdict.startsWith("claims") && synVerdict !== `claims-${variant}` ? "malformed" : synVerdict;
}

const FACT_NAMES = {
  dataAcked: "data-acked",
  dssSeen: "dss-seen",
  dataAckRight: "data-ack-right",
  altered: "altered",
} as const satisfies Record<keyof DataFacts, string>;
const NO_FACT = "none";

/** The facts that hold, by the names that rows keep; `none` alone where none does. */
export function factNames(facts: DataFacts): string[] {
  const held = (Object.keys(FACT_NAMES) as (keyof DataFacts)[]).filter((fact) => facts[fact]);
  return held.length === 0 ? [NO_FACT] : held.map((fact) => FACT_NAMES[fact]);
}

/** The facts of a row; null for a row without names, whose agent did not keep them. */
export function factsOf(names: readonly string[]): DataFacts | null {
  if (names.length === 0) return null;
  const held = (fact: keyof DataFacts): boolean => names.includes(FACT_NAMES[fact]);
  return {
    dataAcked: held("dataAcked"),
    dssSeen: held("dssSeen"),
    dataAckRight: held("dataAckRight"),
    altered: held("altered"),
  };
}
