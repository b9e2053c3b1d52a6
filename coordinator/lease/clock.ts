/** Time as it comes in from outside. Deadlines use the monotonic clock: wall time may be set while a campaign runs. */
export interface Clock {
  /** Unix time in milliseconds. */
  wallMs(): number;
  /** Milliseconds since some fixed moment; never goes back. */
  monotonicMs(): number;
}
