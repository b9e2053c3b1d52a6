/**
 * The packet port: how an agent puts IP packets on a network interface and gets the answers back. The driver adds and
 * removes the link-layer header, so packets start with their IP header on both sides.
 */
export type DriverName = RealDriver | "sim";

/** Drivers of real interfaces, the fastest first. */
export const DRIVERS = ["xdp", "packet", "portable"] as const;
export type RealDriver = (typeof DRIVERS)[number];

/** Packets in one batch of a real driver: so many that what a batch costs beside its packets is little. */
export const BATCH_PACKETS = 512;

/** More than the queues of common network cards. */
export const MOST_SENDER_THREADS = 64;

/** Puts IP packets on an interface. One per sending thread, opened in the thread that uses it. */
export interface SendPort {
  readonly driver: DriverName;
  readonly interfaceName: string;
  /** Packets that one batch can hold. */
  readonly slots: number;
  /** Bytes of one slot. */
  readonly slotBytes: number;
  /** Buffer of slot `i` of the batch that is being filled, for an IP packet; valid until the `send` that takes it. */
  slot(i: number): Uint8Array;
  /** The same memory as 32-bit words, for all slots, and where slot `i` begins in it: the way of the hot loops. */
  readonly words: Int32Array;
  slotAt(i: number): number;
  /**
   * The byte of the words' buffer at which the packet of each of its frames begins. The slots of a batch lie in frames one
   * behind the other in a circle, from `firstFrame` on, which begins a batch.
   */
  readonly places: Int32Array;
  firstFrame(): number;
  /** Sets the packet length of slot `i` and its family (which picks the link-layer header). */
  setLength(i: number, bytes: number): void;
  /**
   * The same for the slots 0 to `count - 1`, by the facts of their packets (`packet-facts.ts`), which lie in a circle from
   * number `first` on. A frame keeps them: a later packet with the same ones needs none.
   */
  setFacts(count: number, first: number, facts: Int32Array): void;
  /**
   * Sends slots `first` (default 0) to `count - 1` in order. Returns how many the kernel took, 0 when it is busy; the
   * rest is to be sent by another call whose `first` is where this one stopped, or given up by filling the slots again. Throws UserError
   * when the interface cannot send at all.
   */
  send(count: number, first?: number): number;
  sendStats(): { readonly sent: number; readonly sendErrors: number };
  close(): void;
}

/** Gets the IP packets from an interface that are addressed to our own source addresses. */
export interface ReceivePort {
  readonly driver: DriverName;
  readonly interfaceName: string;
  /** Calls `handler` for each packet received since the last call, at most `budget`; returns how many. */
  receive(handler: PacketHandler, budget: number): number;
  /** Resolves true when a packet is waiting, false after `timeoutMs`. */
  wait(timeoutMs: number): Promise<boolean>;
  /** `kernelDrops`: packets lost because the buffer was full; null where the driver cannot tell. */
  receiveStats(): { readonly received: number; readonly kernelDrops: number | null };
  close(): void;
}

/** Both halves. */
export interface PacketPort extends SendPort, ReceivePort {}

/** `packet` is a view into the receive ring, valid during the call only. `capturedUs` is Unix time in microseconds. */
export type PacketHandler = (packet: Uint8Array, capturedUs: number) => void;
