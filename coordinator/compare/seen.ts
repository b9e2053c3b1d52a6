import type { ViewVerdict } from "../../shared/verdict/names.js";
import { scanned, type View } from "./evidence.js";
import { carriesOption } from "./quoted.js";

export function isAnswered(verdict: ViewVerdict): boolean {
  return verdict !== "no-reply" && verdict !== "unreachable";
}

export function isEcho(verdict: ViewVerdict): boolean {
  return verdict === "echo" || verdict === "altered-echo";
}

/** The port answers, but not to a SYN with the option; and nothing speaks against that. */
export function isBlocked(view: View): boolean {
  return (view.verdict === "blocked-on-mptcp" || view.verdict === "blocked-on-unknown-option") && !isRefuted(view);
}

/**
 * The SYN scan met silence, and the traces of the same variants got their answers: packets were lost, and no box keeps
 * the option.
 */
export function isRefuted(view: View): boolean {
  if (view.verdict !== "blocked-on-mptcp" || view.v0 === "rst" || view.v1 === "rst") return false;
  const silent = view.traces.filter(({ variant }) => carriesOption(variant) && scanned(view, variant) === "no-reply");
  return silent.length > 0 && silent.every(({ hops }) => hops.some(({ kind }) => kind === "synack"));
}
