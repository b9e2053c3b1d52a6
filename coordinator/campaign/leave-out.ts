import { sizeOf } from "../lease/intervals.js";
import type { Fleet } from "../session/fleet.js";
import type { LiveCampaign } from "./live.js";
import type { SourceRecord } from "./record.js";
import type { SourceBook } from "./source-book.js";

/** Passes that need more of a machine than probes do. */
const DEMANDING: readonly SourceRecord["pass"][] = ["verify", "timing"];

/**
 * Takes out of a campaign the handshakes and timings that nobody at a vantage point can make, each with its reason: in the
 * coverage and in the campaign's notes. They need more of a machine than probes do, and a campaign is of use without those
 * of one vantage point. Any other refusal is the operator's to solve, and the campaign waits for that.
 */
export function leaveOutRefused(campaign: LiveCampaign, fleet: Fleet): void {
  if (campaign.record.state !== "running") return;
  for (const book of campaign.books.filter(({ record }) => DEMANDING.includes(record.pass))) {
    const reason = refusedByAll(campaign, book, fleet);
    const { vantage, id } = book.record;
    if (reason === null || vantage === null) continue;
    const count = sizeOf(book.state.free);
    book.apply({ type: "skip", vantage, reason });
    // Rejects only when the record is closed or has another writer, and its owner reports that.
    campaign.note(`${count} targets of ${id} left out: ${reason}`).catch(() => undefined);
  }
}

/** What every connected agent that a source is for says against it; null while one of them may still ask. */
function refusedByAll({ matcher }: LiveCampaign, { record, state }: SourceBook, fleet: Fleet): string | null {
  if (state.free.length === 0 || state.leases.some((lease) => lease.phase === "active")) return null;
  const able = fleet.connected().filter(({ identity }) => matcher.serves(identity, record));
  const refusals = able.flatMap(({ identity: { agent } }) => {
    const refusal = state.refusals[agent];
    return refusal === undefined ? [] : [`${agent} refuses: ${refusal.reason}`];
  });
  return refusals.length > 0 && refusals.length === able.length ? refusals.join("; ") : null;
}
