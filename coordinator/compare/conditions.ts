const MPTCP_FIELD = "tcp.option.mptcp";

/** `tcp.option.mptcp.removed` is a change of the field `tcp.option.mptcp`. */
export function fieldOf(condition: string): string {
  return condition.slice(0, condition.lastIndexOf("."));
}

/** Something before the host answers in its name. */
export const PROXIED = "tcp.synack.proxied";
/** The probe's own option comes back. */
export const ECHOED = `${MPTCP_FIELD}.echoed`;
/** MPTCP is claimed, and no handshake bears the claim out. */
export const CLAIMED = `${MPTCP_FIELD}.claimed`;

/** Conditions that say what became of the MPTCP option itself, or of the SYN that carries it. */
export function concernsMptcp(condition: string): boolean {
  return fieldOf(condition) === MPTCP_FIELD || condition === PROXIED;
}

/** Conditions that an answer shows: no hop tells where it was made. */
export function isTurned(condition: string): boolean {
  return condition === ECHOED || condition === CLAIMED;
}

/** The option did not get to the host as it was sent. */
export function isLoss(condition: string): boolean {
  return concernsMptcp(condition) && !isTurned(condition);
}
