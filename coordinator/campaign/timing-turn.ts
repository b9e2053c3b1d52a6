import type { LiveCampaign } from "./live.js";
import type { SourceBook } from "./source-book.js";

/** Whose timings may begin now: those of one round of one campaign. */
export interface TimingTurn {
  readonly campaign: string;
  readonly round: number;
}

/** What of a book decides about turns. */
export interface TurnBook {
  readonly record: Pick<SourceBook["record"], "pass" | "rounds">;
  readonly state: Pick<SourceBook["state"], "free" | "leases">;
}

/** What of a campaign decides about turns. */
export interface TurnCampaign<Book extends TurnBook = TurnBook> {
  readonly record: Pick<LiveCampaign["record"], "id" | "state" | "paused">;
  readonly books: readonly Book[];
}

/**
 * In a round each host is in the list of one source at most, so the rule is: nowhere in the fleet are timings of two rounds,
 * or of two campaigns, at work at the same time. A lease that an agent has not done with holds everybody else back; so does
 * one of a paused campaign. The oldest campaign goes first, of those that have work which somebody can do (`isServed`).
 * Null: nobody may begin anything now.
 */
export function timingTurn<Book extends TurnBook, Campaign extends TurnCampaign<Book>>(
  campaigns: readonly Campaign[],
  isServed: (campaign: Campaign, book: Campaign["books"][number]) => boolean,
): TimingTurn | null {
  const next = campaigns.map((campaign) => nextOf(campaign, isServed)).find((turn) => turn !== null) ?? null;
  const isAtWork = (turn: TimingTurn): boolean => turn.campaign === next?.campaign && turn.round === next.round;
  return next !== null && campaigns.flatMap(atWork).every(isAtWork) ? next : null;
}

/** How many indices of a timing source may be leased by now: none but those of the round whose turn it is, and earlier ones. */
export function leasableTo(turn: TimingTurn | null, campaign: string, book: TurnBook): number {
  return turn?.campaign === campaign ? (book.record.rounds[turn.round] ?? 0) : 0;
}

/** The lowest round of a campaign that has something free. */
function nextOf<Book extends TurnBook, Campaign extends TurnCampaign<Book>>(
  campaign: Campaign,
  isServed: (campaign: Campaign, book: Campaign["books"][number]) => boolean,
): TimingTurn | null {
  const { record } = campaign;
  if (record.state !== "running" || record.paused) return null;
  const open = timings(campaign).filter(({ state }) => state.free.length > 0);
  const rounds = open.map((book) => roundOf(book, book.state.free[0]?.from ?? 0));
  const round = Math.min(...rounds);
  const isServable = open.some((book, i) => rounds[i] === round && isServed(campaign, book));
  return isServable ? { campaign: record.id, round } : null;
}

function atWork(campaign: TurnCampaign): TimingTurn[] {
  return timings(campaign).flatMap((book) =>
    book.state.leases
      .filter((lease) => lease.phase === "active" && lease.done < lease.to)
      .map((lease) => ({ campaign: campaign.record.id, round: roundOf(book, lease.from) })),
  );
}

function timings<Book extends TurnBook>({ books }: TurnCampaign<Book>): readonly Book[] {
  return books.filter(({ record }) => record.pass === "timing");
}

/** The round that an index belongs to. */
function roundOf({ record }: TurnBook, index: number): number {
  const round = record.rounds.findIndex((end) => index < end);
  return round === -1 ? record.rounds.length : round;
}
