/**
 * A raw link: whole Ethernet frames in and out of one interface. The packet port and the lab's forwarding process are
 * both built on it.
 */
export interface Link {
  readonly interfaceName: string;
  readonly interfaceIndex: number;
  readonly macAddress: Uint8Array;
  readonly slots: number;
  /** The longest frame in bytes. */
  readonly frameBytes: number;
  slot(i: number): Uint8Array;
  /** The memory of all slots as 32-bit words, and the byte in it where slot `i` begins: two behind a whole word. */
  readonly words: Int32Array;
  frameAt(i: number): number;
  /** The same for each frame. A batch's slots are frames in a circle, from `firstFrame` on, which begins a batch. */
  readonly frameStarts: Int32Array;
  firstFrame(): number;
  setLength(i: number, bytes: number): void;
  /**
   * Sends slots `first` (default 0; else where the last call stopped) to `count - 1` in order; returns how many the
   * kernel took, 0 when it is busy.
   */
  send(count: number, first?: number): number;
  receive(handler: FrameHandler, budget: number): number;
  wait(timeoutMs: number): Promise<boolean>;
  stats(): { sent: number; sendErrors: number; received: number; kernelDrops: number };
  close(): void;
}

/** `outgoing` tells frames that this host sent itself; `checksumPartial` that the TCP/UDP checksum is not filled in. */
export type FrameHandler = (
  frame: Uint8Array,
  capturedUs: number,
  meta: { outgoing: boolean; checksumPartial: boolean },
) => void;
