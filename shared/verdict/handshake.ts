import type { AfterHandshake, HandshakeVerdict, SynVerdict } from "./names.js";

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

/**
 * The proof is the DATA_ACK (RFC 8684 section 3.3.2): it counts from a hash of our key, which a box that mirrors options
 * or answers SYNs for others does not compute. MP_TCPRST (section 3.6) is proof too, of a weaker kind: it does not show
 * that connections work.
 */
export function judgeHandshake(facts: HandshakeFacts): {
  readonly verdict: HandshakeVerdict;
  readonly after: AfterHandshake | "";
} {
  const { joinReset, synVerdict, dataAcked, dssSeen, dataAckRight, altered } = facts;
  const claims = synVerdict === "claims-v0" || synVerdict === "claims-v1";
  return { verdict: verdictOf(), after: after() };

  function verdictOf(): HandshakeVerdict {
    if (claims && dataAckRight) return "dss-proved";
    if (joinReset) return "join-reset";
    const answered = claims ? dataAcked : PLAIN_TCP.has(synVerdict);
    return answered ? "fell-back" : "unconfirmed";
  }

  function after(): AfterHandshake | "" {
    if (!claims) return "";
    if (altered) return "payload-altered";
    // Without proof that the host speaks MPTCP, a missing DSS is its own fall-back.
    return !dataAckRight && dataAcked && (joinReset || dssSeen) ? "dss-stripped" : "";
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
