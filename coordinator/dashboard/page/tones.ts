import type { HostVerdict, MptcpState, Placement, ViewVerdict } from "../../../shared/verdict/names.js";
import type { AgentReport } from "../../alarm/report.js";
import type { CampaignProgress } from "../../campaign/progress.js";

/** Colours by what they say: never the only sign, each stands beside its word. */
export type Tone = "good" | "plain" | "warn" | "bad" | "quiet";

export const VIEW_TONES: Readonly<Record<ViewVerdict, Tone>> = {
  "no-reply": "quiet",
  rst: "quiet",
  unreachable: "quiet",
  plain: "plain",
  echo: "warn",
  "altered-echo": "warn",
  "claims-v0": "good",
  "claims-v1": "good",
  malformed: "bad",
  "blocked-on-mptcp": "bad",
  "blocked-on-unknown-option": "bad",
};

/** Verdicts for a narrow cell. */
export const VIEW_SHORT: Readonly<Record<ViewVerdict, string>> = {
  "no-reply": "silent",
  rst: "rst",
  unreachable: "unreach.",
  plain: "plain",
  echo: "echo",
  "altered-echo": "altered",
  "claims-v0": "mptcp v0",
  "claims-v1": "mptcp v1",
  malformed: "malformed",
  "blocked-on-mptcp": "blocked",
  "blocked-on-unknown-option": "blocked*",
};

export const HOST_TONES: Readonly<Record<HostVerdict, Tone>> = {
  mptcp: "good",
  "echoing-middlebox": "warn",
  "middlebox-near-host": "bad",
  "not-capable": "plain",
  "not-reached": "quiet",
};

export const PLACEMENT_TONES: Readonly<Record<Placement, Tone>> = {
  agree: "plain",
  "near-source": "bad",
  "near-destination": "bad",
  transit: "bad",
  flapping: "warn",
  uncertain: "quiet",
};

export const MPTCP_TONES: Readonly<Record<MptcpState, Tone>> = {
  unmodified: "good",
  "stripped-removed": "bad",
  "stripped-nop": "bad",
  altered: "bad",
  added: "bad",
  unobservable: "quiet",
};

export const AGENT_TONES: Readonly<Record<AgentReport["state"], Tone>> = {
  connected: "good",
  silent: "warn",
  gone: "quiet",
};

const STATE_TONES: Readonly<Record<CampaignProgress["state"], Tone>> = {
  created: "quiet",
  running: "good",
  finished: "plain",
  cancelled: "quiet",
  failed: "bad",
};

export function stateTone({ state, paused }: Pick<CampaignProgress, "state" | "paused">): Tone {
  return paused ? "warn" : STATE_TONES[state];
}
