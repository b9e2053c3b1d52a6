import { UserError } from "../../../shared/errors.js";

/** Bytes of an Ethernet header. */
const ETHERNET_HEADER = 14;
/** Preamble 7, start 1, checksum 4, gap between frames 12: what a frame takes on the wire besides its bytes, as ZMap counts. */
const ETHERNET_FRAMING = 24;
/** The shortest frame with its framing. */
const SHORTEST_ON_WIRE = 84;

/** Bytes that an IP packet takes of an Ethernet link's bandwidth. */
export function bytesOnWire(packetBytes: number): number {
  return Math.max(SHORTEST_ON_WIRE, packetBytes + ETHERNET_HEADER + ETHERNET_FRAMING);
}

const FACTORS: Readonly<Record<string, number>> = { "": 1, K: 1e3, M: 1e6, G: 1e9 };

/** Reads bits per second: `10M`, `1.5G`, `64000`. Throws UserError with exit code 2. */
export function parseBandwidth(option: string, text: string): number {
  const [, digits, unit = ""] = /^(\d{1,15}(?:\.\d{1,9})?)([KMG]?)$/i.exec(text.trim()) ?? [];
  const bits = Number(digits) * (FACTORS[unit.toUpperCase()] ?? Number.NaN);
  if (!(bits >= 1 && bits <= 1e15)) {
    throw new UserError(`${option} ${text} is no bandwidth`, {
      remedy: `write bits per second, with K, M or G where it helps, as in ${option} 10M`,
      exitCode: 2,
    });
  }
  return bits;
}

/** Packets per second that fit, at least one. `meanBytesOnWire` is the mean of `bytesOnWire` over what is sent. */
export function packetsOfBandwidth(bitsPerSecond: number, meanBytesOnWire: number): number {
  return Math.max(1, Math.floor(bitsPerSecond / (8 * meanBytesOnWire)));
}
