/**
 * Conditions that say how a packet was marked for routers (RFC 2474, RFC 3168). Networks rewrite the DSCP at their borders
 * as a matter of course, hundreds of times as often as anything changes an option: a finding, and never evidence of a box
 * that touches TCP.
 */
export const MARKINGS = ["ip.dscp.changed", "ip.ecn.changed"] as const;

export function isMarking(condition: string): boolean {
  return MARKINGS.some((marking) => marking === condition);
}
