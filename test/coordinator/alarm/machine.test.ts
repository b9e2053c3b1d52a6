import { describe, expect, it } from "@jest/globals";
import { type AlarmEvent, type AlarmState, QUIET, transition } from "../../../coordinator/alarm/machine.js";

const wrong = (atMs: number, answer = "plain"): AlarmEvent => ({ type: "wrong", expected: "claims-v1", answer, atMs });
const right = (atMs: number): AlarmEvent => ({ type: "right", atMs });
const dropped = (atMs: number): AlarmEvent => ({ type: "dropped", reason: "campaign over", atMs });
const finding = { expected: "claims-v1", answer: "plain", sinceMs: 100, lastMs: 200 };
const RAISED: AlarmState = { phase: "raised", ...finding };

describe("an alarm", () => {
  it.each<[string, AlarmState, AlarmEvent, AlarmState, object | null]>([
    ["stays quiet while all is right", QUIET, right(100), QUIET, null],
    ["stays quiet when nobody looks any more", QUIET, dropped(100), QUIET, null],
    [
      "is raised by the first wrong finding",
      QUIET,
      wrong(100),
      { ...RAISED, lastMs: 100 },
      { type: "raised", finding: { ...finding, lastMs: 100 } },
    ],
    [
      "goes on with another wrong one, and says the newest answer",
      RAISED,
      wrong(300, "rst"),
      { ...RAISED, answer: "rst", lastMs: 300 },
      { type: "seen", finding: { ...finding, answer: "rst", lastMs: 300 } },
    ],
    ["takes no finding twice", RAISED, wrong(200), RAISED, null],
    ["takes none that is older than its last one", RAISED, right(150), RAISED, null],
    [
      "is over when it is right again",
      RAISED,
      right(300),
      QUIET,
      { type: "cleared", finding, atMs: 300, by: "right again" },
    ],
    [
      "is over when nobody looks any more, whenever that is said",
      RAISED,
      dropped(150),
      QUIET,
      { type: "cleared", finding, atMs: 150, by: "campaign over" },
    ],
  ])("%s", (_, before, event, after, effect) => {
    expect(transition(before, event)).toEqual({ state: after, effect });
  });

  it("is the same after all that happened since the last save is told once more", () => {
    const events = [wrong(100), right(200), wrong(300), wrong(400)];
    const told = (start: AlarmState) => events.reduce((state, event) => transition(state, event).state, start);

    expect(told(told(QUIET))).toEqual(told(QUIET));
  });
});
