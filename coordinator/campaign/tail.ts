import { sizeOf } from "../lease/intervals.js";
import type { Lease } from "../lease/lease.js";
import type { ConnectedAgent } from "../session/connected.js";
import type { Fleet } from "../session/fleet.js";
import type { LiveCampaign } from "./live.js";
import type { SourceBook } from "./source-book.js";

/** A lease is split when what is left of it takes longer than this: it has to be worth its agent's reply window. */
const LONG_SECONDS = 15;

/**
 * Splits the slow tail of a source: nothing is free, this agent has nothing to do, and some other one holds a lease that
 * will take long. The longest is asked back; what its agent gives up becomes free for both, in pieces by their speed.
 * Until the agent has said where it stops, nothing of it is anybody else's. One lease of a source at a time.
 */
export function splitTail(
  fleet: Fleet,
  sources: readonly { readonly campaign: LiveCampaign; readonly book: SourceBook }[],
  idle: ConnectedAgent,
): void {
  for (const { campaign, book } of sources) {
    if (campaign.record.paused || sizeOf(book.state.free) > 0 || isAsked(book)) {
      continue;
    }
    const longest = longestLease(fleet, book, idle);
    if (longest !== null) {
      asked.set(book, longest.lease);
      longest.agent.sendYield(longest.lease.id, longest.lease.epoch);
      return;
    }
  }
}

/** The lease of a source that was asked back last. */
const asked = new WeakMap<SourceBook, Lease>();

/** A lease that was asked back counts until it is over: an agent that does not answer is dealt with by its expiry. */
function isAsked(book: SourceBook): boolean {
  const lease = asked.get(book);
  const now = lease === undefined ? undefined : book.state.leases.find(lease.agent, lease.id);
  return now?.phase === "active" && now.to === lease?.to && now.sent < now.to;
}

function longestLease(
  fleet: Fleet,
  book: SourceBook,
  idle: ConnectedAgent,
): { readonly lease: Lease; readonly agent: ConnectedAgent } | null {
  let longest: { readonly lease: Lease; readonly agent: ConnectedAgent } | null = null;
  let mostSeconds = LONG_SECONDS;
  for (const lease of book.state.leases) {
    const speed = book.speed.of(lease.agent);
    // Nothing can be said of an agent that has sent nothing yet.
    if (lease.phase !== "active" || lease.agent === idle.identity.agent || speed === null || speed === 0) {
      continue;
    }
    const seconds = (lease.to - lease.sent) / speed;
    const agent = seconds > mostSeconds ? fleet.find(lease.agent) : undefined;
    if (agent?.ready === true && agent.identity.yields) {
      longest = { lease, agent };
      mostSeconds = seconds;
    }
  }
  return longest;
}
