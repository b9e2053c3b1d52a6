import { OPTION_MPTCP, OPTION_TIMESTAMPS } from "../option/tcp-options.js";
import type { Behaviour } from "./behaviour.js";

/** Changes with every entry that is added, taken out or given another weight: a seed then makes another world altogether. */
export const CATALOGUE_VERSION = 1;

type Weighted = readonly (readonly [weight: number, behaviours: readonly Behaviour[]])[];

const strip = (fill: "cut" | "nop"): Behaviour => ({ kind: "strip", when: {}, options: [OPTION_MPTCP], fill });

/**
 * Boxes that MPTCP does not get past unharmed. A scan of 4.09 million paths found the option cut out at 12,673 hops and
 * overwritten with NOPs at 13,062 (yarrpbox, 2023); the others are rare.
 */
export const OPTION_BOXES: Weighted = [
  [48, [strip("cut")]],
  [49, [strip("nop")]],
  // PAN-OS as delivered: no option 30, all the usual ones stay.
  [10, [{ kind: "strip", when: { segment: "syn" }, options: [OPTION_MPTCP], fill: "nop" }]],
  [6, [{ kind: "drop", when: { segment: "syn", options: [OPTION_MPTCP] } }]],
  [4, [{ kind: "reset", when: { segment: "syn", options: [OPTION_MPTCP] }, both: false }]],
  [3, [{ kind: "drop", when: { segment: "syn", unknownOption: true } }]],
  [2, [{ kind: "answer", when: { ports: [80] }, alsoForwards: false, ttl: 64, window: 65_535 }]],
  [1, [{ kind: "strip", when: {}, options: [OPTION_MPTCP, OPTION_TIMESTAMPS], fill: "nop" }]],
];

/** Boxes that leave MPTCP alone. Changes of the DSCP are about a hundred times as frequent as those of options. */
export const HEADER_BOXES: Weighted = [
  [80, [{ kind: "set", when: { direction: "forth" }, field: "dscp", value: 8 }]],
  [5, [{ kind: "set", when: { direction: "forth" }, field: "ecn", value: 3 }]],
  [5, [{ kind: "clamp-mss", mss: 1380 }]],
  // ASA: clamps the MSS and clears the urgent pointer.
  [
    2,
    [
      { kind: "clamp-mss", mss: 1380 },
      { kind: "set", when: {}, field: "tcp-urgent", value: 0 },
    ],
  ],
  [3, [{ kind: "set", when: { direction: "forth" }, field: "ip-id", value: 0 }]],
  [2, [{ kind: "set", when: { segment: "syn" }, field: "tcp-window", value: 16_384 }]],
  [1, [{ kind: "shift-sequence", by: 0x1234_5678 }]],
  [1, [{ kind: "set", when: { direction: "forth" }, field: "dont-fragment", value: 0 }]],
];

/** Boxes in front of hosts that send options back. */
export const ECHO_BOXES: Weighted = [
  [70, [{ kind: "echo", options: "unknown" }]],
  [20, [{ kind: "echo", options: "mptcp" }]],
  [8, [{ kind: "echo", options: "mptcp", lengths: [12] }]],
  [1, [{ kind: "echo", options: "mptcp", alter: "flags" }]],
  [1, [{ kind: "echo", options: "mptcp", alter: "shortened" }]],
];
