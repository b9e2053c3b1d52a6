import { beforeEach, describe, expect, it } from "@jest/globals";
import { createFleet, type Fleet } from "../../../coordinator/session/fleet.js";
import { parsePrefix } from "../../../shared/address/prefix.js";
import { DEFAULT_TIMING } from "../../../shared/lease/protocol.js";
import { optOutList } from "../../../shared/optout/list.js";
import { heartbeat, identity, recordingLink, standingClock } from "./fake.js";

let fleet: Fleet;
const NONE = optOutList(0, []);
const ONE = optOutList(1, [parsePrefix("9.9.9.9/32")]);

beforeEach(() => {
  const versions = { coordinator: "0.1.0", oldestAgent: "0.1.0" };
  fleet = createFleet({ clock: standingClock(), timing: DEFAULT_TIMING, versions });
});

/** An agent that holds a list of this hash, and the revisions that it is told. */
function join(held: string) {
  const link = recordingLink();
  const session = fleet.join(identity({ optOuts: held }), link);
  const told = () => link.sent.flatMap((message) => (message.kind === "opt-outs" ? [message.list.revision] : []));
  return { session, told, isReady: () => fleet.find("fra-1")?.ready };
}

describe("opt-outs in a session", () => {
  it("are told first, and at every change; no work is given before the agent has confirmed the newest", () => {
    fleet.setOptOuts(ONE);
    const { session, told, isReady } = join(NONE.hash);
    expect([told(), isReady()]).toEqual([[1], false]);
    session.heartbeat({ ...heartbeat(1), optOuts: 0 });
    expect(isReady()).toBe(false);
    session.heartbeat({ ...heartbeat(2), optOuts: 1 });
    expect(isReady()).toBe(true);
    fleet.setOptOuts(optOutList(2, []));
    expect([told(), isReady()]).toEqual([[1, 2], false]);
    session.heartbeat({ ...heartbeat(3), optOuts: 2 });
    expect(isReady()).toBe(true);
    expect(fleet.list()).toMatchObject([{ optOutRevision: 2 }]);
  });

  it("are not told again to an agent that brings the same list along", () => {
    fleet.setOptOuts(ONE);
    const { told, isReady } = join(ONE.hash);
    expect([told(), isReady()]).toEqual([[], true]);
  });

  it("are never confirmed by an agent of a release that does not know them: it gets no work once somebody opts out", () => {
    const { session, told, isReady } = join("");
    session.heartbeat(heartbeat(1));
    expect([told(), isReady()]).toEqual([[], true]);
    fleet.setOptOuts(ONE);
    session.heartbeat(heartbeat(2));
    expect(isReady()).toBe(false);
  });

  it("are told to an agent that knows more than a coordinator which has lost everything", () => {
    const { told, isReady } = join(ONE.hash);
    expect([told(), isReady()]).toEqual([[0], true]);
  });
});
