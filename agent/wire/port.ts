/**
 * The packet port: how an agent puts IP packets on a network interface and gets the answers back. One port per
 * interface; the driver adds and removes the link-layer header, so packets start with their IP header on both sides.
 */
export interface PacketPort {
  readonly driver: string;
  readonly interfaceName: string;
  /** Packets that one `send` can take. */
  readonly slots: number;
  /** Bytes of one slot. */
  readonly slotBytes: number;
  /** Buffer of slot `i`, to be filled with an IP packet; the same object at every call. */
  slot(i: number): Uint8Array;
  /** Sets the packet length of slot `i` and its family (which picks the link-layer header). */
  setLength(i: number, bytes: number): void;
  /**
   * Sends slots `first` (default 0) to `count - 1` in order. Returns how many the kernel took, 0 when it is busy; the
   * rest is to be sent by another call with a higher `first`. Throws UserError when the interface cannot send at all.
   */
  send(count: number, first?: number): number;
  /** Calls `handler` for each packet received since the last call, at most `budget`; returns how many. */
  receive(handler: PacketHandler, budget: number): number;
  /** Resolves true when a packet is waiting, false after `timeoutMs`. */
  wait(timeoutMs: number): Promise<boolean>;
  stats(): PortStats;
  close(): void;
}

/** `packet` is a view into the receive ring, valid during the call only. `capturedUs` is Unix time in microseconds. */
type PacketHandler = (packet: Uint8Array, capturedUs: number) => void;

interface PortStats {
  readonly sent: number;
  readonly sendErrors: number;
  readonly received: number;
  /** Packets that the kernel dropped because the ring was full. */
  readonly kernelDrops: number;
}
