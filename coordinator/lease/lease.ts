/**
 * One agent's hold on `[from, to)` of a source, `from <= committed <= done <= sent <= to`.
 *
 * - `active`: the agent may send. Ends by `committed = to`, or is taken back from `done`.
 * - `awaiting`: nothing is sent any more and `[from, to)` is what was done: its rows lie in the agent's spool and the
 *   agent owns the interval until they are committed, or until the spool is lost.
 */
export interface Lease {
  readonly phase: "active" | "awaiting";
  /** `<plan>#<epoch>`: never used twice. */
  readonly id: string;
  readonly epoch: number;
  readonly agent: string;
  /** The agent's process life. */
  readonly instance: string;
  /** The agent's spool folder; empty when it does not say. */
  readonly spool: string;
  readonly vantage: string;
  readonly from: number;
  readonly to: number;
  readonly sent: number;
  readonly done: number;
  readonly committed: number;
  /** Indices that the agent can have sent beyond its last reported `sent` before it stops. */
  readonly overrun: number;
  /** The agent's share of the campaign's rate, kept here so that it outlives a coordinator. */
  readonly packetsPerSecond: number;
  /** Monotonic time: when an active lease expires, or the spool of an awaiting one counts as lost. Not persisted. */
  readonly deadlineMs: number;
  /**
   * Whether this process has heard of it from its agent. When not, as after a restart, the stored marks may be older than
   * what the agent was told last, and all of it may have been sent. Not persisted.
   */
  readonly heard: boolean;
}
