import type { Variant } from "../probe/variant.js";
import type { SynVerdict, ViewVerdict } from "./names.js";

/**
 * The strongest thing that the answers to the SYNs of all four variants say together; the statement that fills
 * `target_views` says the same in SQL.
 */
export function viewVerdict(answers: Readonly<Record<Variant, SynVerdict>>): ViewVerdict {
  const { v0, v1, plain, "unknown-option": unknown } = answers;
  const all = [v0, v1, plain, unknown];
  for (const verdict of ["claims-v1", "claims-v0", "echo", "altered-echo"] as const) {
    if (v0 === verdict || v1 === verdict) return verdict;
  }
  if (all.includes("malformed")) return "malformed";
  if (plain === "plain" && isStopped(unknown)) return "blocked-on-unknown-option";
  if (plain === "plain" && (isStopped(v0) || isStopped(v1))) return "blocked-on-mptcp";
  return (["plain", "rst", "unreachable"] as const).find((verdict) => all.includes(verdict)) ?? "no-reply";
}

function isStopped(verdict: SynVerdict): boolean {
  return verdict === "no-reply" || verdict === "rst" || verdict === "unreachable";
}
