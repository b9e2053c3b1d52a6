/** Which way a packet goes through a box: away from the vantage points, or back to them. */
export type Direction = "forth" | "back";

/**
 * What a middlebox does to an IP packet: returns the packet to go on (the same, or another), or null for none. It may
 * keep state; it sees all packets of its link, in order.
 */
export type PacketRule = (packet: Uint8Array, direction: Direction) => Uint8Array | null;
