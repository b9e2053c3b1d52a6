import type { Logger } from "pino";
import { MAX_LISTED_TARGETS } from "../../shared/lease/protocol.js";
import type { WorkPlan } from "../../shared/lease/work.js";
import type { Clock } from "../lease/clock.js";
import { sizeOf } from "../lease/intervals.js";
import { leaseSize } from "../lease/size.js";
import type { Lease } from "../lease/state.js";
import type { ConnectedAgent, Fleet } from "../session/fleet.js";
import type { LiveCampaign } from "./live.js";
import { packetsPerIndex, planOf } from "./plan.js";
import type { SourceBook } from "./source-book.js";
import type { CampaignStore } from "./store.js";

/** Leases with something left to send: one at work and one in reserve, so that the sender never waits for a grant. */
const MOST_WORKING = 2;
/** Leases in all: when rows are not committed for long, the agent gets no more work. */
const MOST_ACTIVE = 8;
/** Indices of a computed source cost nothing to carry; the bound keeps a lease below what a dead agent may cost. */
const MOST_COMPUTED = 16_777_216;

export interface DispatchDeps {
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly store: CampaignStore;
  readonly log: Logger;
}

interface Offer {
  readonly campaign: LiveCampaign;
  readonly book: SourceBook;
  readonly plan: WorkPlan;
}

/** Gives an agent as many leases as it can take, oldest campaign first. */
export function dispatch(deps: DispatchDeps, campaigns: readonly LiveCampaign[], agent: ConnectedAgent): void {
  for (;;) {
    if (!agent.ready) {
      return;
    }
    const held = campaigns.flatMap((campaign) => campaign.books.flatMap((book) => activeLeases(book, agent)));
    if (held.length >= MOST_ACTIVE || held.filter((lease) => lease.sent < lease.to).length >= MOST_WORKING) {
      return;
    }
    const offer = choose(deps, campaigns, agent);
    if (offer === null || !grant(deps, offer, agent)) {
      return;
    }
  }
}

/** Connected agents that can work on a source. */
export function eligible(fleet: Fleet, campaign: LiveCampaign, book: SourceBook): ConnectedAgent[] {
  return fleet.connected().filter((agent) => canServe(agent, campaign, book));
}

function canServe({ identity }: ConnectedAgent, campaign: LiveCampaign, book: SourceBook): boolean {
  return campaign.matcher.serves(identity, book.record) && book.state.refusals[identity.agent] === undefined;
}

/** The source of the oldest campaign on which this agent holds the fewest leases. */
function choose({ fleet }: DispatchDeps, campaigns: readonly LiveCampaign[], agent: ConnectedAgent): Offer | null {
  const { identity } = agent;
  for (const campaign of campaigns) {
    if (campaign.record.state !== "running" || campaign.record.paused) {
      continue;
    }
    const open = campaign.books
      .filter((book) => book.state.free.length > 0 && canServe(agent, campaign, book))
      .map((book) => ({ book, held: activeLeases(book, agent).length }))
      .sort((a, b) => a.held - b.held);
    const [best] = open;
    if (best === undefined) {
      continue;
    }
    const selected = fleet.connected().filter((other) => campaign.matcher.isSelected(other.identity)).length;
    const { perAgentPps } = campaign.record.spec.rate;
    const cap = identity.maxPps > 0 ? Math.min(perAgentPps, identity.maxPps) : perAgentPps;
    const packetsPerSecond = campaign.shares.take(identity.agent, cap, selected);
    const perPrefix = campaign.prefixShares.take(identity.agent, selected);
    if (packetsPerSecond !== null && perPrefix !== undefined) {
      return {
        campaign,
        book: best.book,
        plan: planOf(campaign.record, best.book.record, { packetsPerSecond, perPrefix }),
      };
    }
  }
  return null;
}

/** Leases a part of the source; the agent hears of it when the lease is durable. False when nothing was leased. */
function grant(deps: DispatchDeps, offer: Offer, agent: ConnectedAgent): boolean {
  const { fleet, clock, log } = deps;
  const { campaign, book, plan } = offer;
  const { identity } = agent;
  const { stopAfterMs, heartbeatIntervalMs } = fleet.timing;
  const size = leaseSize({
    remaining: sizeOf(book.state.free),
    agents: Math.max(1, eligible(fleet, campaign, book).length),
    indicesPerSecond: book.speed.of(identity.agent),
    plannedIndicesPerSecond: plan.packetsPerSecond / packetsPerIndex(plan),
    most: plan.source.kind === "list" ? MAX_LISTED_TARGETS : MOST_COMPUTED,
  });
  const unseenSeconds = (stopAfterMs + heartbeatIntervalMs) / 1_000;
  const [effect] = book.apply({
    type: "request",
    agent: identity.agent,
    instance: identity.instance,
    spool: identity.spool,
    vantage: identity.vantage,
    size,
    overrun: Math.ceil((plan.packetsPerSecond * unseenSeconds) / plan.variants.length),
    packetsPerSecond: plan.packetsPerSecond,
    nowMs: clock.monotonicMs(),
    wallMs: clock.wallMs(),
  });
  if (effect?.type !== "granted") {
    return false;
  }
  const { lease } = effect;
  deliver(deps, offer, agent, lease).catch((error: unknown) => {
    campaign.problem = error instanceof Error ? error.message : String(error);
    log.warn({ campaign: campaign.record.id, lease: lease.id, err: error }, "lease not granted");
    book.apply({ type: "withdrawn", lease: lease.id });
  });
  return true;
}

async function deliver(
  { fleet, store }: DispatchDeps,
  offer: Offer,
  agent: ConnectedAgent,
  lease: Lease,
): Promise<void> {
  const { campaign, book, plan } = offer;
  const { list } = book.record;
  await book.saved();
  const targets = list === null ? [] : await store.listTargets(campaign.record.id, list, lease.from, lease.to);
  if (list !== null && targets.length !== lease.to - lease.from) {
    throw new Error(`list ${list} has ${targets.length} targets from ${lease.from} to ${lease.to}`);
  }
  const { id, epoch, from, to } = lease;
  const stillHeld = book.state.leases.some((held) => held.id === id && held.phase === "active");
  if (stillHeld && fleet.find(agent.identity.agent) === agent) {
    agent.sendGrant(plan, { lease: id, epoch, plan: plan.plan, from, to, targets });
  } else {
    book.apply({ type: "withdrawn", lease: id });
  }
}

function activeLeases(book: SourceBook, agent: ConnectedAgent): Lease[] {
  return book.state.leases.filter((lease) => lease.phase === "active" && lease.agent === agent.identity.agent);
}
