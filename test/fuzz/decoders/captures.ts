import { DecodeError } from "../../../shared/errors.js";
import { createBytesInput } from "../../../shared/pcap/input.js";
import { readCapture } from "../../../shared/pcap/reader.js";
import {
  block,
  classicCapture,
  enhancedPacket,
  interfaceDescription,
  numbers,
  sectionHeader,
} from "../../shared/pcap/captures.js";
import type { FuzzedDecoder } from "../decoder.js";
import { bytesOfHex, PROBES, SEGMENTS } from "../seeds.js";

const FILE_BYTES = 4_096;
const LINK_TYPES = [0, 1, 12, 101, 108, 113, 228, 229, 276];
const [syn = new Uint8Array(0)] = PROBES;
const [data = new Uint8Array(0)] = SEGMENTS;
const ethernet = Buffer.concat([bytesOfHex("020000000001020000000002810000070800"), syn]);

export const CAPTURE_DECODERS: readonly FuzzedDecoder[] = [
  { name: "pcap", seeds: classic(), maxBytes: FILE_BYTES, refusal: DecodeError, decode: readAll },
  { name: "pcapng", seeds: next(), maxBytes: FILE_BYTES, refusal: DecodeError, decode: readAll },
];

function readAll(bytes: Uint8Array): void {
  for (const { packet, timestampUs } of readCapture(createBytesInput(bytes))) {
    if (packet.length > bytes.length) throw new Error("a packet longer than its file");
    if (timestampUs !== null && !Number.isFinite(timestampUs)) throw new Error(`a packet at ${timestampUs}`);
  }
}

function classic(): Uint8Array[] {
  return [true, false].flatMap((littleEndian) =>
    LINK_TYPES.map((linkType) =>
      classicCapture(
        { littleEndian, linkType, nanoseconds: linkType === 101 },
        [1_700_000_000, 5, ethernet],
        [1_700_000_001, 6, syn],
        [1_700_000_002, 7, data],
      ),
    ),
  );
}

function next(): Uint8Array[] {
  return [true, false].flatMap((littleEndian) =>
    LINK_TYPES.map((linkType) =>
      Buffer.concat([
        sectionHeader(littleEndian),
        interfaceDescription(littleEndian, linkType, 65_535, [9, Uint8Array.of(9)], [14, new Uint8Array(8).fill(1)]),
        interfaceDescription(littleEndian, 1, 0),
        enhancedPacket(littleEndian, 1, 1_700_000_000_000_000n, ethernet),
        enhancedPacket(littleEndian, 0, 1_700_000_000_000_001n, syn),
        block(littleEndian, 3, numbers(littleEndian, [4, data.length]), data),
        block(littleEndian, 4, new Uint8Array(20)),
      ]),
    ),
  );
}
