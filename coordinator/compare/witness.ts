import type { Variant } from "../../shared/probe/variant.js";
import { changeWords, VIEW_WORDS } from "../../shared/verdict/words.js";
import type { LocatedChange, View } from "./evidence.js";

/** A piece of evidence that a judgement stands on. */
export interface Witness {
  readonly vantage: string;
  /** Variant of the probe; null where it is about all of them. */
  readonly variant: Variant | null;
  /** Hop of a trace that shows it; null for an answer to the SYN scan, or a handshake. */
  readonly hop: { readonly ttl: number; readonly address: string } | null;
  /** What it is, as the end of a sentence that begins with the vantage point. */
  readonly words: string;
}

/** A vantage point's view as a whole. */
export function viewWitness({ vantage, verdict }: Pick<View, "vantage" | "verdict">): Witness {
  return { vantage, variant: null, hop: null, words: VIEW_WORDS[verdict] };
}

/** The first hop that shows a change. */
export function changeWitness({ vantage, variant, condition, beforeTtl, before }: LocatedChange): Witness {
  const words = `finds at hop ${beforeTtl} (${before}) that ${changeWords(condition)}`;
  return { vantage, variant, hop: { ttl: beforeTtl, address: before }, words };
}
