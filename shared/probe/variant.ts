/** Which probe: MP_CAPABLE v0, MP_CAPABLE v1, no MPTCP option, or an unassigned experimental option in its place. */
export const VARIANTS = ["v0", "v1", "plain", "unknown-option"] as const;
export type Variant = (typeof VARIANTS)[number];

/** Stages that send probes of their own; part of the key of every probe field. */
export const STAGES = ["synscan", "tracebox", "verify"] as const;
export type Stage = (typeof STAGES)[number];
