import type { Fleet } from "../session/fleet.js";

/** Connected agents by whether the newest opt-outs hold there. */
export interface OptOutReach {
  readonly revision: number;
  readonly holding: readonly string[];
  readonly waiting: readonly string[];
}

export function optOutReach(fleet: Fleet): OptOutReach {
  const { revision } = fleet.optOuts;
  const agents = fleet.list().filter(({ state }) => state !== "gone");
  return {
    revision,
    holding: agents.filter(({ optOutRevision }) => optOutRevision >= revision).map(({ agent }) => agent),
    waiting: agents.filter(({ optOutRevision }) => optOutRevision < revision).map(({ agent }) => agent),
  };
}
