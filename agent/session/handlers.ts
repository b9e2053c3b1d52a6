import type { AgentStats, LeaseMarks, WorkGrant, WorkPlan } from "../../shared/lease/work.js";
import type { HeardSyn, ListenOrder, ReferenceAnswer } from "../../shared/selftest/exchange.js";
import type { OptOutPart } from "../optout/keeper.js";

/** What the session does not decide itself. Called in the order in which the messages came. */
export interface SessionHandlers {
  /** The coordinator's answer to Hello; a heartbeat follows at once. */
  welcome(timing: { readonly stopAfterMs: number }): void;
  plan(plan: WorkPlan): void;
  grant(grant: WorkGrant): void;
  revoke(lease: string, reason: string): void;
  /** The lease is to be given up where it stands. */
  yield(lease: string): void;
  /** Nothing is to be sent for the campaign, or it goes on. A session begins with none paused. */
  pause(campaign: string, paused: boolean): void;
  /** Hash of the opt-outs that the agent holds. */
  heldOptOuts(): string;
  /** Throws DecodeError for a part that does not fit. */
  optOuts(part: OptOutPart): void;
  /** What heartbeat `sequence`, about to be sent, says. */
  heartbeat(sequence: number): {
    readonly leases: readonly LeaseMarks[];
    readonly stats: AgentStats;
    readonly optOuts: number;
  };
  /** `coordinatorUs`: Unix microseconds there when the heartbeat was taken in; null: it does not say. */
  acknowledged(sequence: number, coordinatorUs: number | null): void;
  /** None: the agent takes part in no exchange of SYNs. */
  readonly exchange?: ExchangeHandlers;
  disconnected(reason: string, retryInMs: number): void;
  /** Something that the coordinator sent cannot be used. */
  problem(line: string): void;
}

/** What an agent does in an exchange of SYNs, as reference or as the one who has one. */
export interface ExchangeHandlers {
  listen(order: ListenOrder): void;
  answered(answer: ReferenceAnswer): void;
  heard(syn: HeardSyn): void;
}
