/** What is wrong, and since when. Times are Unix milliseconds. */
export interface Finding {
  readonly expected: string;
  /** What was found instead the last time. */
  readonly answer: string;
  readonly sinceMs: number;
  /** Last time that it was found so. */
  readonly lastMs: number;
}

/**
 * - `quiet`: nothing is wrong, as far as is known
 * - `raised`: wrong since `sinceMs`, and found so last at `lastMs`
 */
export type AlarmState = { readonly phase: "quiet" } | ({ readonly phase: "raised" } & Finding);

/** Findings about one subject, in their order. They may come again after a crash. */
export type AlarmEvent =
  | { readonly type: "right"; readonly atMs: number }
  | { readonly type: "wrong"; readonly expected: string; readonly answer: string; readonly atMs: number }
  /** Nobody looks any more. */
  | { readonly type: "dropped"; readonly reason: string; readonly atMs: number };

/** What became of the alarm; `seen`: it goes on. */
export type AlarmEffect =
  | { readonly type: "raised" | "seen"; readonly finding: Finding }
  | { readonly type: "cleared"; readonly finding: Finding; readonly atMs: number; readonly by: string };

export interface AlarmTransition {
  readonly state: AlarmState;
  readonly effect: AlarmEffect | null;
}

export const QUIET: AlarmState = { phase: "quiet" };

/** The alarm of one subject. A finding that is not newer than the last wrong one was taken before: it changes nothing. */
export function transition(state: AlarmState, event: AlarmEvent): AlarmTransition {
  switch (state.phase) {
    case "quiet":
      return event.type === "wrong" ? wrong("raised", event, event.atMs) : { state, effect: null };
    case "raised":
      if (event.type === "dropped") {
        return cleared(state, event.atMs, event.reason);
      }
      if (event.atMs <= state.lastMs) {
        return { state, effect: null };
      }
      return event.type === "wrong" ? wrong("seen", event, state.sinceMs) : cleared(state, event.atMs, "right again");
  }
}

function wrong(
  type: "raised" | "seen",
  { expected, answer, atMs }: Extract<AlarmEvent, { type: "wrong" }>,
  sinceMs: number,
): AlarmTransition {
  const finding = { expected, answer, sinceMs, lastMs: atMs };
  return { state: { phase: "raised", ...finding }, effect: { type, finding } };
}

function cleared({ expected, answer, sinceMs, lastMs }: Finding, atMs: number, by: string): AlarmTransition {
  return { state: QUIET, effect: { type: "cleared", finding: { expected, answer, sinceMs, lastMs }, atMs, by } };
}
