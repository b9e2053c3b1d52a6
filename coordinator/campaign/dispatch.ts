import type { Logger } from "pino";
import { MAX_LISTED_TARGETS } from "../../shared/lease/protocol.js";
import type { WorkPlan } from "../../shared/lease/work.js";
import type { Target } from "../../shared/target/source.js";
import { canariesOf, canaryTargets } from "../canary/sources.js";
import type { Clock } from "../lease/clock.js";
import { sizeOf } from "../lease/intervals.js";
import type { Lease } from "../lease/lease.js";
import { leaseSize } from "../lease/size.js";
import type { ConnectedAgent } from "../session/connected.js";
import type { Fleet } from "../session/fleet.js";
import type { LiveCampaign } from "./live.js";
import { plannedIndicesPerSecond, planOf } from "./plan.js";
import type { SourceRecord } from "./record.js";
import type { SourceBook } from "./source-book.js";
import type { CampaignStore } from "./store.js";
import { splitTail } from "./tail.js";
import { leasableTo, type TimingTurn, timingTurn } from "./timing-turn.js";
import { nextPart, sameOrder } from "./turns.js";

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
  /** Indices from here on are not to be leased now. */
  readonly to?: number;
}

/** Gives an agent as many leases as it can take, of the campaigns in turn, and the canaries beside them. */
export function dispatch(deps: DispatchDeps, campaigns: readonly LiveCampaign[], agent: ConnectedAgent): void {
  giveWork(deps, campaigns, agent);
  for (const campaign of campaigns) {
    giveCanaries(deps, campaign, agent);
  }
}

function giveWork(deps: DispatchDeps, campaigns: readonly LiveCampaign[], agent: ConnectedAgent): void {
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
      if (!held.some((lease) => lease.sent < lease.to)) {
        splitTail(deps.fleet, servedBy(campaigns, agent), agent);
      }
      return;
    }
  }
}

/** Connected agents that can work on a source. */
export function eligible(fleet: Fleet, campaign: LiveCampaign, book: SourceBook): readonly ConnectedAgent[] {
  const connected = fleet.connected();
  const { refusals } = book.state;
  const known = lastEligible.get(book);
  if (known?.connected === connected && known.refusals === refusals) {
    return known.agents;
  }
  const agents = connected.filter((agent) => canServe(agent, campaign, book));
  lastEligible.set(book, { connected, refusals, agents });
  return agents;
}

/** Asked at every grant; changes when agents come, leave or refuse. */
const lastEligible = new WeakMap<
  SourceBook,
  {
    readonly connected: readonly ConnectedAgent[];
    readonly refusals: SourceBook["state"]["refusals"];
    readonly agents: readonly ConnectedAgent[];
  }
>();

function canServe({ identity }: ConnectedAgent, campaign: LiveCampaign, book: SourceBook): boolean {
  return campaign.matcher.serves(identity, book.record) && book.state.refusals[identity.agent] === undefined;
}

/** A round of the canaries, when it is time, for an agent that works for the campaign; one at a time. */
function giveCanaries(deps: DispatchDeps, campaign: LiveCampaign, agent: ConnectedAgent): void {
  const { canaries, canaryRounds, record } = campaign;
  const name = agent.identity.agent;
  const nowMs = deps.clock.monotonicMs();
  const due = canaries.filter((book) => canaryRounds.isDue(name, book.record.id, nowMs));
  const isAtWork = due.length > 0 && campaign.books.some((book) => activeLeases(book, agent).length > 0);
  if (!agent.ready || !isAtWork || record.state !== "running" || record.paused) {
    return;
  }
  for (const book of due) {
    const plan =
      canServe(agent, campaign, book) && activeLeases(book, agent).length === 0
        ? plannedFor(deps, campaign, book, agent)
        : null;
    const size = canariesOf(record.spec, book.record).length;
    if (plan !== null && grant(deps, { campaign, book, plan }, agent, size)) {
      canaryRounds.begun(name, book.record.id, eligible(deps.fleet, campaign, book).length, nowMs);
    }
  }
}

/**
 * A source of the campaign on which this agent holds the fewest leases, and of those with as many that which it has not
 * worked for the longest; there the source on which it holds the fewest. Its leases share its rate, so campaigns that run
 * at once get equal parts of it.
 */
function choose(deps: DispatchDeps, campaigns: readonly LiveCampaign[], agent: ConnectedAgent): Offer | null {
  const limits = createTimingLimits(deps.fleet, campaigns);
  const turns = campaigns
    .filter(({ record }) => record.state === "running" && !record.paused)
    .map((campaign) => {
      const open = campaign.books
        .map((book) => ({ book, working: workingLeases(book, agent).length }))
        .sort((a, b) => a.working - b.working);
      return {
        campaign,
        open: open.filter(
          ({ book }) =>
            canServe(agent, campaign, book) &&
            nextPart(campaign.books, book, { size: 1, end: limits(campaign, book) }) !== null,
        ),
        working: open.reduce((sum, { working }) => sum + working, 0),
        lastEpoch: Math.max(
          0,
          ...campaign.books.flatMap((book) => activeLeases(book, agent).map(({ epoch }) => epoch)),
        ),
      };
    })
    .sort((a, b) => a.working - b.working || a.lastEpoch - b.lastEpoch);
  for (const { campaign, open } of turns) {
    const [best] = open;
    const plan = best === undefined ? null : plannedFor(deps, campaign, best.book, agent);
    if (best !== undefined && plan !== null) {
      return { campaign, book: best.book, plan, to: limits(campaign, best.book) };
    }
  }
  return null;
}

function servedBy(campaigns: readonly LiveCampaign[], agent: ConnectedAgent) {
  return campaigns
    .filter(({ record }) => record.state === "running")
    .flatMap((campaign) => campaign.books.map((book) => ({ campaign, book })))
    .filter(({ campaign, book }) => canServe(agent, campaign, book));
}

/** Where what may be leased of a source ends. Whose turn it is to time is looked up once, and only where somebody times. */
function createTimingLimits(
  fleet: Fleet,
  campaigns: readonly LiveCampaign[],
): (campaign: LiveCampaign, book: SourceBook) => number {
  let turn: TimingTurn | null | undefined;
  return ({ record }, book) => {
    if (book.record.pass !== "timing") return Number.POSITIVE_INFINITY;
    if (turn === undefined) {
      turn = timingTurn(campaigns, (campaign, open) => eligible(fleet, campaign, open).length > 0);
    }
    return leasableTo(turn, record.id, book);
  };
}

/** The plan of a source with this agent's shares of the campaign's rates; null when nothing of them is left. */
function plannedFor(
  { fleet }: DispatchDeps,
  { matcher, shares, prefixShares, record }: LiveCampaign,
  book: SourceBook,
  { identity }: ConnectedAgent,
): WorkPlan | null {
  const selected = matcher.countSelected(fleet.connected());
  const { perAgentPps, perRouter } = record.spec.rate;
  const cap = identity.maxPps > 0 ? Math.min(perAgentPps, identity.maxPps) : perAgentPps;
  const packetsPerSecond = shares.take(identity.agent, cap, selected);
  const perPrefix = prefixShares.take(identity.agent, selected);
  // Routers near the targets are the same for all agents.
  const routerPacketsPerSecond = perRouter / Math.max(1, selected);
  return packetsPerSecond === null || perPrefix === undefined
    ? null
    : planOf(record, book.record, { packetsPerSecond, perPrefix, routerPacketsPerSecond });
}

/**
 * Leases a part of the source, as large as is good or `wanted`; the agent hears of it when the lease is durable. False
 * when nothing was leased.
 */
function grant(deps: DispatchDeps, offer: Offer, agent: ConnectedAgent, wanted?: number): boolean {
  const { fleet, clock, log } = deps;
  const { campaign, book, plan } = offer;
  const { identity } = agent;
  const { stopAfterMs, heartbeatIntervalMs } = fleet.timing;
  const size =
    wanted ??
    leaseSize({
      remaining: sizeOf(book.state.free),
      agents: Math.max(1, eligible(fleet, campaign, book).length) * sameOrder(campaign.books, book).length,
      indicesPerSecond: book.speed.of(identity.agent),
      plannedIndicesPerSecond: plannedIndicesPerSecond(plan),
      most: plan.source.kind === "list" ? MAX_LISTED_TARGETS : MOST_COMPUTED,
    });
  const part = nextPart(wanted === undefined ? campaign.books : [book], book, { size, end: offer.to });
  if (part === null) {
    return false;
  }
  const unseenSeconds = (stopAfterMs + heartbeatIntervalMs) / 1_000;
  const [effect] = book.apply({
    type: "request",
    agent: identity.agent,
    instance: identity.instance,
    spool: identity.spool,
    vantage: identity.vantage,
    from: part.from,
    size: part.to - part.from,
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
    book.apply({ type: "withdrawn", agent: lease.agent, lease: lease.id });
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
  await book.saved();
  const targets = await targetsOf(store, campaign, book.record, lease);
  const { id, epoch, from, to } = lease;
  const stillHeld = book.state.leases.find(lease.agent, id)?.phase === "active";
  if (stillHeld && fleet.find(agent.identity.agent) === agent) {
    agent.sendGrant(plan, { lease: id, epoch, plan: plan.plan, from, to, targets });
  } else {
    book.apply({ type: "withdrawn", agent: lease.agent, lease: id });
  }
}

/** Targets that go with the lease of a list. */
async function targetsOf(
  store: CampaignStore,
  { record }: LiveCampaign,
  source: SourceRecord,
  { from, to }: Lease,
): Promise<readonly Target[]> {
  if (source.list === null) {
    return [];
  }
  if (source.pass === "canary") {
    return canaryTargets(record.spec, source, from, to);
  }
  const targets = await store.listTargets(record.id, source.list, from, to);
  if (targets.length !== to - from) {
    throw new Error(`list ${source.list} has ${targets.length} targets from ${from} to ${to}`);
  }
  return targets;
}

function activeLeases(book: SourceBook, agent: ConnectedAgent): Lease[] {
  return book.state.leases.of(agent.identity.agent).filter((lease) => lease.phase === "active");
}

function workingLeases(book: SourceBook, agent: ConnectedAgent): Lease[] {
  return activeLeases(book, agent).filter((lease) => lease.sent < lease.to);
}
