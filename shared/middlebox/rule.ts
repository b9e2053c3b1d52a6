/** Which way a packet goes through a box: away from the vantage points, or back to them. */
export type Direction = "forth" | "back";

/** Where a box puts packets of its own making. */
export interface Aside {
  /** Back to where the packet at hand came from. */
  back(packet: Uint8Array): void;
  /** On to where the packet at hand goes, ahead of it. */
  on(packet: Uint8Array): void;
}

/**
 * What a middlebox does to a whole IP packet: returns the packet to go on (the same, or another), or null for none. It
 * leaves the bytes of the packet that it is given as they are. It may keep state; it sees all packets of its link, in
 * order.
 */
export type PacketRule = (packet: Uint8Array, direction: Direction, aside: Aside) => Uint8Array | null;

/** Where a box stands. */
export interface BoxSite {
  /** Addresses of the router right behind it. */
  readonly routers: readonly Uint8Array[];
}
