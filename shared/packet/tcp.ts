import { DecodeError } from "../errors.js";
import { u8, u16, u32 } from "./ip.js";

export const TCP_FIN = 0x01;
export const TCP_SYN = 0x02;
export const TCP_RST = 0x04;
export const TCP_PSH = 0x08;
export const TCP_ACK = 0x10;

const FLAG_NAMES = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"] as const;

/** RFC 9293. */
export interface TcpHeader {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  /** The eight flags, CWR the highest bit. */
  readonly flags: number;
  /** The four bits between data offset and flags. */
  readonly reserved: number;
  readonly window: number;
  readonly checksum: number;
  readonly urgent: number;
  readonly headerBytes: number;
  /** Raw option bytes: a view. */
  readonly options: Uint8Array;
  /** A view. */
  readonly payload: Uint8Array;
}

/**
 * Decodes a TCP segment; options that are cut off stay cut off, the payload is what is there.
 * @throws DecodeError when the fixed header is not whole or the data offset is below it
 */
export function decodeTcp(bytes: Uint8Array): TcpHeader {
  const headerBytes = (u8(bytes, 12) >>> 4) * 4;
  if (bytes.length < 20 || headerBytes < 20) {
    throw new DecodeError(`TCP header of ${headerBytes} bytes in ${bytes.length}`);
  }
  return {
    sourcePort: u16(bytes, 0),
    destinationPort: u16(bytes, 2),
    sequence: u32(bytes, 4),
    acknowledgement: u32(bytes, 8),
    flags: u8(bytes, 13),
    reserved: u8(bytes, 12) & 0x0f,
    window: u16(bytes, 14),
    checksum: u16(bytes, 16),
    urgent: u16(bytes, 18),
    headerBytes,
    options: bytes.subarray(20, headerBytes),
    payload: bytes.subarray(headerBytes),
  };
}

/** Names of the flags that are set, lowest bit first. */
export function flagNames(flags: number): string[] {
  return FLAG_NAMES.filter((_, bit) => (flags & (1 << bit)) !== 0);
}
