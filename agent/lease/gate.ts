/** Why nothing may be sent: no coordinator is heard, the spool takes nothing, or the disk is behind with batches. */
export const GATE_REASONS = ["coordinator", "spool", "disk"] as const;
export type GateReason = (typeof GATE_REASONS)[number];

/** Before every sender of an agent, whatever its lease. */
export interface Gate {
  /** Until when may be sent as things are, in monotonic ms; 0 while something forbids it. */
  allowedUntil(): number;
  /** Null while it is open. */
  readonly shut: GateReason | null;
  /** How often it was shut after it had been open. */
  readonly pauses: Readonly<Record<GateReason, number>>;
}

export interface GateOptions {
  /** Until when the coordinator lets the agent send, in monotonic ms. */
  readonly openUntil: () => number;
  /** Batches that wait for the disk, and the number at which nothing more is sent. */
  readonly waitingBatches: () => number;
  readonly mostWaitingBatches: number;
  readonly isSpoolFull: () => boolean;
  /** Monotonic. */
  readonly nowMs: () => number;
}

export function createGate(options: GateOptions): Gate {
  const pauses: Record<GateReason, number> = { coordinator: 0, spool: 0, disk: 0 };
  // An agent begins without a coordinator: that is no pause.
  let last: GateReason | null = "coordinator";

  function look(until: number): GateReason | null {
    let reason: GateReason | null = null;
    if (options.isSpoolFull()) reason = "spool";
    else if (options.waitingBatches() >= options.mostWaitingBatches) reason = "disk";
    else if (until <= options.nowMs()) reason = "coordinator";
    if (reason !== null && last === null) pauses[reason]++;
    last = reason;
    return reason;
  }

  return {
    allowedUntil() {
      const until = options.openUntil();
      const reason = look(until);
      return reason === null || reason === "coordinator" ? until : 0;
    },
    get shut() {
      return look(options.openUntil());
    },
    pauses,
  };
}
