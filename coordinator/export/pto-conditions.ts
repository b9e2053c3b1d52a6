import type { Variant } from "../../shared/probe/variant.js";
import type { HandshakeVerdict } from "../../shared/verdict/names.js";

/** What a vantage point got of one target, by variant. */
export interface AskedView {
  readonly v0: string;
  readonly v1: string;
  readonly plain: string;
}

/** A condition, and what it was found with. */
export interface Finding {
  readonly condition: string;
  /** MPTCP version; null where none is meant. */
  readonly version: 0 | 1 | null;
  readonly verdict: string;
}

/** Verdicts of a SYN that nobody accepted. */
const REFUSED: ReadonlySet<string> = new Set(["no-reply", "rst", "unreachable"]);

/**
 * Does a connection come about with MP_CAPABLE, and without? Named as the Observatory names the same question for ECN:
 * `broken` is a host that answers the control alone.
 */
const CONNECTIVITY = {
  works: "mptcp.connectivity.works",
  broken: "mptcp.connectivity.broken",
  transient: "mptcp.connectivity.transient",
  offline: "mptcp.connectivity.offline",
} as const;

/** What the answer says of the option; `reflected` is a mirror. Another verdict on an answer is `failed`. */
const NEGOTIATION = {
  succeeded: "mptcp.negotiation.succeeded",
  reflected: "mptcp.negotiation.reflected",
  failed: "mptcp.negotiation.failed",
} as const;

const NEGOTIATED: Readonly<Record<string, string>> = {
  "claims-v0": NEGOTIATION.succeeded,
  "claims-v1": NEGOTIATION.succeeded,
  echo: NEGOTIATION.reflected,
  "altered-echo": NEGOTIATION.reflected,
};

const HANDSHAKE: Readonly<Record<HandshakeVerdict, string>> = {
  "dss-proved": "mptcp.handshake.proved",
  "join-reset": "mptcp.handshake.join-reset",
  "fell-back": "mptcp.handshake.fell-back",
  unconfirmed: "mptcp.handshake.unconfirmed",
};

/** Conditions of answers and handshakes. Those of paths have the names that they have everywhere. */
export const MPTCP_CONDITIONS: readonly string[] = [
  ...Object.values(CONNECTIVITY),
  ...Object.values(NEGOTIATION),
  ...Object.values(HANDSHAKE),
];

export function handshakeCondition(verdict: HandshakeVerdict): string {
  return HANDSHAKE[verdict];
}

/** What a view of a target says, for each version that was `asked`. Connectivity needs the control. */
export function findingsOf({ v0, v1, plain }: AskedView, asked: readonly Variant[]): Finding[] {
  return ([0, 1] as const).flatMap((version) => {
    if (!asked.includes(version === 0 ? "v0" : "v1")) return [];
    const verdict = version === 0 ? v0 : v1;
    const findings: Finding[] = [];
    if (asked.includes("plain")) findings.push({ condition: connectivity(verdict, plain), version, verdict });
    if (!REFUSED.has(verdict)) {
      findings.push({ condition: NEGOTIATED[verdict] ?? NEGOTIATION.failed, version, verdict });
    }
    return findings;
  });
}

function connectivity(verdict: string, plain: string): string {
  if (REFUSED.has(plain)) return REFUSED.has(verdict) ? CONNECTIVITY.offline : CONNECTIVITY.transient;
  return REFUSED.has(verdict) ? CONNECTIVITY.broken : CONNECTIVITY.works;
}
