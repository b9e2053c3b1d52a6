import type { Placement } from "../../shared/verdict/names.js";
import type { Rule } from "../../shared/verdict/rules.js";

/** What the rules on places ask of the evidence; `placement-facts.ts` finds who bears witness. */
export type PlacementFact =
  | "scan and trace disagree"
  | "somebody is affected"
  | "the views differ"
  | "a trace shows a change"
  | "only answers show it"
  | "every path is affected"
  | "it shows within two hops of the host"
  | "all affected paths meet there"
  | "a path is clean until two hops before the host"
  | "it shows within the first two hops"
  | "it may stand within the first two hops";

/**
 * Where the boxes stand, from the intervals. What becomes of the MPTCP option decides, other changes only where it arrives.
 * The first rule that holds decides.
 */
export const PLACEMENT_RULES: readonly Rule<PlacementFact, Placement>[] = [
  {
    name: "two-answers",
    all: ["scan and trace disagree"],
    result: "flapping",
    words: "the same probe from the same vantage point got two different answers",
  },
  {
    name: "all-alike",
    all: [],
    none: ["somebody is affected", "the views differ"],
    result: "agree",
    words: "all vantage points see the same, and no path shows a change",
  },
  {
    name: "unexplained-difference",
    all: ["the views differ"],
    none: ["somebody is affected"],
    result: "uncertain",
    words: "the vantage points differ, and no path shows a change",
  },
  {
    name: "untraced",
    all: ["somebody is affected"],
    none: ["a trace shows a change"],
    result: "uncertain",
    words: "a box is at work, and no trace shows where",
  },
  {
    name: "turned-for-all",
    all: ["only answers show it", "every path is affected"],
    result: "near-destination",
    words: "no hop tells where an answer is made, but everybody gets the same one",
  },
  {
    name: "turned-for-some",
    all: ["only answers show it"],
    result: "uncertain",
    words: "no hop tells where an answer is made, and not everybody gets it",
  },
  {
    name: "at-the-end",
    all: ["every path is affected", "it shows within two hops of the host"],
    result: "near-destination",
    words: "every path shows it, at most two hops before the host",
  },
  {
    name: "where-paths-meet",
    all: ["every path is affected", "all affected paths meet there"],
    result: "near-destination",
    words: "every path ends at the same place, behind the same hop",
  },
  {
    name: "behind-other-boxes",
    all: ["every path is affected", "a path is clean until two hops before the host"],
    result: "near-destination",
    words: "every path shows it, and where no box comes before, it shows at most two hops before the host",
  },
  {
    name: "at-the-start",
    all: ["it shows within the first two hops"],
    result: "near-source",
    words: "it shows in the first two hops of the paths that have it",
  },
  {
    name: "start-or-beyond",
    all: ["it may stand within the first two hops"],
    result: "uncertain",
    words: "the paths that have it do not tell whether it is within their first two hops",
  },
  {
    name: "in-between",
    all: [],
    result: "transit",
    words: "it shows in the middle of the paths that have it",
  },
];
