import type { LeaseMarks } from "../../shared/lease/work.js";
import type { LeaseEffect } from "../lease/state.js";
import type { Heartbeat } from "../session/agent.js";
import type { ConnectedAgent } from "../session/connected.js";
import { type DispatchDeps, dispatch } from "./dispatch.js";
import { leaveOutRefused } from "./leave-out.js";
import type { LiveCampaign } from "./live.js";

/** Where agents and campaigns meet: heartbeats go into the leases, work goes out to the agents. */
export interface FleetDesk {
  /** Once a second: leases expire, and agents get what became free. */
  tick(): void;
  /** Offers work to every agent. */
  offerAll(): void;
  /** Tells agents of revoked leases. */
  tell(effects: readonly LeaseEffect[]): void;
  /** Tells every agent that a campaign is paused, or goes on. */
  tellPaused(campaign: string, paused: boolean): void;
  /** An agent does not come back. */
  retire(agent: string): Promise<void>;
}

export interface FleetDeskDeps extends DispatchDeps {
  /** Campaigns with open sources, oldest first; null while agents must be told nothing. */
  readonly campaigns: () => readonly LiveCampaign[] | null;
}

export function createFleetDesk(deps: FleetDeskDeps): FleetDesk {
  const { fleet, clock } = deps;
  const campaigns = () => deps.campaigns() ?? [];
  const booksOf = ({ books, canaries }: LiveCampaign) => [...books, ...canaries];
  const books = () => campaigns().flatMap(booksOf);
  /** Agents that have said, in this session, what they still hold. Before that nothing is granted to them. */
  const settled = new WeakSet<ConnectedAgent>();

  const tell = (effects: readonly LeaseEffect[]): void => {
    for (const effect of effects) {
      if (effect.type === "revoked") {
        const { lease, epoch, reason } = effect;
        fleet.find(effect.agent)?.sendRevoke({ lease, epoch, reason });
      }
    }
  };
  const offer = (agent: ConnectedAgent): void => {
    if (settled.has(agent)) {
      dispatch(deps, campaigns(), agent);
    }
  };
  const offerAll = (): void => {
    for (const agent of fleet.connected()) {
      offer(agent);
    }
  };

  const takeMarks = ({ identity }: ConnectedAgent, heartbeat: Heartbeat, first: boolean): void => {
    const { agent, instance } = identity;
    const nowMs = clock.monotonicMs();
    const byPlan = groupByPlan(heartbeat.leases);
    for (const book of books()) {
      const marks = byPlan.get(book.state.plan) ?? [];
      byPlan.delete(book.state.plan);
      const { leases } = book.state;
      if (marks.length > 0 || leases.of(agent).length > 0) {
        book.speed.observe(agent, marks, (id) => leases.find(agent, id)?.from ?? null, nowMs);
        tell(book.apply({ type: "heartbeat", agent, instance, marks, first, nowMs }));
      }
    }
    const unknown = deps.campaigns() === null ? [] : [...byPlan.values()].flat();
    for (const { lease, epoch } of unknown) {
      fleet.find(agent)?.sendRevoke({ lease, epoch, reason: "its campaign does not run" });
    }
  };

  fleet.listen({
    joined(joining) {
      const { agent, instance, spool } = joining.identity;
      for (const { record } of campaigns()) {
        if (record.paused) {
          joining.sendPause(record.id, true);
        }
      }
      for (const book of books()) {
        book.apply({ type: "hello", agent, instance, spool, nowMs: clock.monotonicMs() });
      }
    },
    heartbeat(agent, heartbeat, first) {
      takeMarks(agent, heartbeat, first);
      settled.add(agent);
      offer(agent);
    },
    holds: (agent) => books().some(({ state }) => state.leases.of(agent).length > 0),
    refused({ identity }, { lease, epoch, reason }) {
      const book = books().find((candidate) => candidate.state.plan === planOfLease(lease));
      book?.apply({ type: "refusal", agent: identity.agent, lease, epoch, reason, nowMs: clock.monotonicMs() });
    },
  });

  return {
    tell,
    offerAll,
    tellPaused(campaign, paused) {
      for (const agent of fleet.connected()) {
        agent.sendPause(campaign, paused);
      }
    },
    tick() {
      for (const book of books()) {
        tell(book.apply({ type: "tick", nowMs: clock.monotonicMs() }));
      }
      for (const campaign of campaigns()) {
        const holders = new Set(
          booksOf(campaign).flatMap((book) => [...book.state.leases].map((lease) => lease.agent)),
        );
        const isPresent = (agent: string): boolean => holders.has(agent) || fleet.find(agent) !== undefined;
        campaign.shares.releaseExcept(isPresent);
        campaign.prefixShares.releaseExcept(isPresent);
        leaveOutRefused(campaign, fleet);
      }
      offerAll();
    },
    async retire(agent) {
      for (const book of books()) {
        tell(book.apply({ type: "retire", agent, nowMs: clock.monotonicMs() }));
      }
      await Promise.all(books().map((book) => book.saved()));
    },
  };
}

function groupByPlan(leases: readonly LeaseMarks[]): Map<string, LeaseMarks[]> {
  const byPlan = new Map<string, LeaseMarks[]>();
  for (const marks of leases) {
    const plan = planOfLease(marks.lease);
    byPlan.set(plan, [...(byPlan.get(plan) ?? []), marks]);
  }
  return byPlan;
}

/** Lease ids are `<plan>#<epoch>`. */
function planOfLease(lease: string): string {
  return lease.slice(0, lease.lastIndexOf("#"));
}
