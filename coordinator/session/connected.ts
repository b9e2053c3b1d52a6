import type { WorkGrant, WorkPlan } from "../../shared/lease/work.js";
import type { AgentIdentity, AgentLink, Revocation, ToExchange } from "./agent.js";

/** An agent with an open session. */
export interface ConnectedAgent {
  readonly identity: AgentIdentity;
  /**
   * Can take more work now: heard lately, its stream is not congested, the newest opt-outs hold there, it is not drained,
   * and its self-test says that it is fit.
   */
  readonly ready: boolean;
  /** Sends the plan before the first grant that needs it. */
  sendGrant(plan: WorkPlan, grant: WorkGrant): void;
  /** Told once per session and lease, however often it is asked for. */
  sendRevoke(revocation: Revocation): void;
  /** Asks for a lease back, once a session and lease. Only for agents that yield. */
  sendYield(lease: string, epoch: number): void;
  /** True when the newest opt-outs do not hold there yet: then it gets no work. */
  readonly lacksOptOuts: boolean;
  /** True when the operator wants it to get no more work. */
  readonly isDrained: boolean;
  /** Why its self-test keeps it from work, in words; null: it does not. */
  readonly unfit: string | null;
  /** As it said last; 0 before. */
  readonly packetsPerSecond: number;
  /** A session begins with nothing paused. */
  sendPause(campaign: string, paused: boolean): void;
  /** To an agent that takes part in an exchange of SYNs. */
  sendExchange(message: ToExchange): void;
}

/** What the fleet knows of it now. */
interface MemberState {
  isConnected(): boolean;
  lacksOptOuts(): boolean;
  isDrained(): boolean;
  unfit(): string | null;
  packetsPerSecond(): number;
  granted(): void;
}

/** Speaks over the link of one session, and remembers what it has said. */
export function connectedAgent(identity: AgentIdentity, link: AgentLink, state: MemberState): ConnectedAgent {
  const plans = new Set<string>();
  const revoked = new Set<string>();
  return {
    identity,
    get ready() {
      const isFree = !state.lacksOptOuts() && !state.isDrained() && state.unfit() === null;
      return link.writable && state.isConnected() && isFree;
    },
    get unfit() {
      return state.unfit();
    },
    get packetsPerSecond() {
      return state.packetsPerSecond();
    },
    get isDrained() {
      return state.isDrained();
    },
    get lacksOptOuts() {
      return state.lacksOptOuts();
    },
    sendGrant(plan, grant) {
      if (!plans.has(plan.plan)) {
        plans.add(plan.plan);
        link.send({ kind: "plan", plan });
      }
      link.send({ kind: "grant", grant });
      state.granted();
    },
    sendRevoke(revocation) {
      const key = `${revocation.lease} ${revocation.epoch}`;
      if (!revoked.has(key)) {
        revoked.add(key);
        link.send({ kind: "revoke", revocation });
      }
    },
    sendYield(lease, epoch) {
      const key = `yield ${lease} ${epoch}`;
      if (!revoked.has(key)) {
        revoked.add(key);
        link.send({ kind: "yield", lease, epoch });
      }
    },
    sendExchange: (message) => link.send(message),
    sendPause: (campaign, paused) => link.send({ kind: "pause", campaign, paused }),
  };
}
