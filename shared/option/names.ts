import {
  OPTION_END,
  OPTION_EXPERIMENT,
  OPTION_FAST_OPEN,
  OPTION_MPTCP,
  OPTION_MSS,
  OPTION_NOP,
  OPTION_SACK,
  OPTION_SACK_PERMITTED,
  OPTION_TIMESTAMPS,
  OPTION_WINDOW_SCALE,
} from "./tcp-options.js";

const NAMES: ReadonlyMap<number, string> = new Map([
  [OPTION_END, "end"],
  [OPTION_NOP, "nop"],
  [OPTION_MSS, "mss"],
  [OPTION_WINDOW_SCALE, "ws"],
  [OPTION_SACK_PERMITTED, "sackok"],
  [OPTION_SACK, "sack"],
  [OPTION_TIMESTAMPS, "ts"],
  [OPTION_MPTCP, "mptcp"],
  [OPTION_FAST_OPEN, "fastopen"],
  [OPTION_EXPERIMENT, "experimental"],
]);

/** Short name of an option, as in condition names (`tcp.option.mss.changed`); `kind77` where it has none. */
export function optionName(kind: number): string {
  return NAMES.get(kind) ?? `kind${kind}`;
}
