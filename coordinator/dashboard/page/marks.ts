import { addMarks, type CampaignProgress, type Marks } from "../../campaign/progress.js";

/** Marks of the pass that runs; of a campaign whose passes are over, or did not begin, those of all of them together. */
export function shownMarks({ marks, sources }: Pick<CampaignProgress, "marks" | "sources">): Marks {
  return marks.size > 0 ? marks : addMarks(sources);
}

/** Of all that it has, how much is sent: 0 to 1. */
export function sentPart({ sent, size }: Pick<Marks, "sent" | "size">): number {
  return size === 0 ? 0 : sent / size;
}
