import type { SourceBook } from "../campaign/source-book.js";
import { isComplete } from "../lease/state.js";

/**
 * Ends the canaries when there is no more work beside them: whoever asks one now hears it out, but rows that lie with an
 * absent agent are not waited for. True when all is over and the store knows it.
 */
export function endCanaries(books: readonly Pick<SourceBook, "state" | "apply">[]): boolean {
  if (books.some(({ state }) => state.leases.some((lease) => lease.phase === "active"))) {
    return false;
  }
  for (const book of books) {
    if (book.state.free.length > 0) {
      book.apply({ type: "cancel" });
    }
  }
  return books.every(({ state }) => isComplete(state));
}
