import { type Hop, scanned, type Trace, type View } from "./evidence.js";
import { isQuote } from "./path.js";
import { carriesOption } from "./quoted.js";

/** Hops beyond the last answer that a trace asks before it gives up. */
const ASKED_BEYOND = 5;
/** Silent hops, each in all attempts, that packet loss does not explain. */
const TELLING_SILENCES = 2;

/**
 * Where a probe with the option ends although the control goes on: reset (an RST came back) or blocked (nothing did). An
 * RST bears the host's address wherever it comes from, so the control's hop at that distance tells where that is.
 *
 * A single silent hop is what packet loss makes of one path in two thousand (1 % of packets lost each way, one retry). So
 * silence counts where the SYN scan met it too, or where the control got answers from two hops at least that were silent
 * to the option in all attempts.
 */
export function optionStop(
  trace: Trace,
  control: Trace | undefined,
  view: View,
): { readonly condition: string; readonly before: Hop } | null {
  if (control === undefined || !carriesOption(trace.variant)) return null;
  if (!control.hops.some((hop) => hop.kind === "synack")) return null;
  if (trace.hops.some((hop) => hop.kind === "synack")) return null;
  const reset = trace.hops.find((hop) => hop.kind === "rst");
  const endsAt = reset?.ttl ?? (trace.hops.findLast(isQuote)?.ttl ?? 0) + 1;
  const beyond = control.hops.filter((hop) => hop.ttl >= endsAt);
  const [before] = beyond;
  if (before === undefined) return null;
  if (reset !== undefined) return { condition: "tcp.option.mptcp.reset", before };
  const silences = beyond.filter((hop) => hop.ttl < endsAt + ASKED_BEYOND).length;
  const isTold = silences >= TELLING_SILENCES || isSilentToScan(view, trace.variant);
  return isTold ? { condition: "tcp.option.mptcp.blocked", before } : null;
}

/** The SYN scan's probe with the option was met with silence, and its control was not. */
function isSilentToScan(view: View, variant: "v0" | "v1"): boolean {
  return view.plain === "plain" && scanned(view, variant) === "no-reply";
}
