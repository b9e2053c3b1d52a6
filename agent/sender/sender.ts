/** The sending half of a job. It never waits itself, so that one thread can serve several and stay in step. */
export interface Sender {
  /**
   * Sends at most one batch. Returns the milliseconds until there is something to do again (0: at once), or null when
   * every index is over or the board says stop. Throws UserError when nothing can be sent at all.
   */
  step(): number | null;
  /** A part of its batch is still in the port's slots. */
  isMidBatch(): boolean;
}
