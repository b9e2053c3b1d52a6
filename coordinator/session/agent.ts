import type { AgentStats, LeaseMarks, WorkGrant, WorkPlan } from "../../shared/lease/work.js";
import type { OptOutList } from "../../shared/optout/list.js";
import type { HeardSyn, ListenOrder, ReferenceAnswer } from "../../shared/selftest/exchange.js";

/** What an agent says of itself when it connects. */
export interface AgentIdentity {
  readonly agent: string;
  readonly vantage: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly version: string;
  readonly protocol: number;
  /** Random per process life. */
  readonly instance: string;
  /** Random per spool folder; empty when the agent does not say. */
  readonly spool: string;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  /** The agent's own cap. */
  readonly maxPps: number;
  /** Special-purpose prefixes that its own file opens (CIDR text). */
  readonly opened: readonly string[];
  /** Gives a lease up where it stands, when it is asked to. */
  readonly yields: boolean;
  /** Hash of the opt-outs that it holds; empty: it says none. */
  readonly optOuts: string;
  /** Tests itself, and is given no work before it has said that it is fit. */
  readonly selfTests: boolean;
  /** Where it listens for agents that take it as their reference, as text. */
  readonly referenceAddresses: readonly string[];
}

export interface Heartbeat {
  /** Increases within a session. */
  readonly sequence: number;
  /** Every lease of which the agent has anything left to send, await or commit. */
  readonly leases: readonly LeaseMarks[];
  readonly stats: AgentStats | null;
  /** Revision of the opt-outs that hold there; 0: none yet in this session. */
  readonly optOuts: number;
}

export interface Refusal {
  readonly lease: string;
  readonly epoch: number;
  readonly reason: string;
}

export interface Revocation {
  readonly lease: string;
  readonly epoch: number;
  readonly reason: string;
}

/** To the two agents of an exchange of SYNs. */
export type ToExchange =
  | { readonly kind: "listen"; readonly order: ListenOrder }
  | { readonly kind: "reference"; readonly answer: ReferenceAnswer }
  | ({ readonly kind: "heard" } & HeardSyn);

/** Messages of the coordinator after its welcome; `clockUs` is Unix time. */
export type ToAgent =
  | { readonly kind: "ack"; readonly sequence: number; readonly clockUs: number }
  | { readonly kind: "plan"; readonly plan: WorkPlan }
  | { readonly kind: "grant"; readonly grant: WorkGrant }
  | { readonly kind: "revoke"; readonly revocation: Revocation }
  | { readonly kind: "yield"; readonly lease: string; readonly epoch: number }
  | { readonly kind: "opt-outs"; readonly list: OptOutList; readonly part: number; readonly parts: number }
  | { readonly kind: "pause"; readonly campaign: string; readonly paused: boolean }
  | ToExchange;

/** The sending half of a session's stream. */
export interface AgentLink {
  send(message: ToAgent): void;
  /** False while earlier messages wait for the network: hand out no work. */
  readonly writable: boolean;
  /** Ends the stream with a message for the agent's log. */
  end(reason: string): void;
}

/** Why a session is not accepted; the message tells the agent's operator what to do. */
export class SessionRefused extends Error {
  override readonly name = "SessionRefused";
  readonly kind: "invalid" | "version" | "name-taken";

  constructor(kind: SessionRefused["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** Labels that selectors see: the agent's own, and its name and vantage point, which it cannot override. */
export function selectableLabels(identity: AgentIdentity): Readonly<Record<string, string>> {
  return { ...identity.labels, vantage: identity.vantage, agent: identity.agent };
}
