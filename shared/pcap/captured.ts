/** An IP packet in a capture file. */
export interface CapturedPacket {
  /** Microseconds since 1970; null in a Simple Packet Block, which has no time. */
  readonly timestampUs: number | null;
  /** From the IP header on, with whatever the link layer has behind it: a view that the next packet may overwrite. */
  readonly packet: Uint8Array;
}

/** Longest frame that tcpdump and Wireshark write: more is a broken record, not a reason to ask for so much memory. */
export const MAX_FRAME_BYTES = 262_144;
