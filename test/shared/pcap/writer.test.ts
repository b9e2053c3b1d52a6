import { expect, test } from "@jest/globals";
import { createBytesInput } from "../../../shared/pcap/input.js";
import { readCapture } from "../../../shared/pcap/reader.js";
import { encodePcapHeader, encodePcapRecord } from "../../../shared/pcap/writer.js";

const PACKET = Uint8Array.from([0x45, 0, 0, 20, 0, 0, 0x40, 0, 64, 6, 0, 0, 192, 0, 2, 1, 198, 18, 0, 1]);

test("a capture begins as `tcpdump -y RAW -w` begins one", () => {
  // tcpdump 4.99 on x86-64, snap length 65535 instead of its 262144.
  expect(Buffer.from(encodePcapHeader()).toString("hex")).toBe("d4c3b2a1020004000000000000000000ffff000065000000");
});

test("what was written is read: packets in order, to the microsecond", () => {
  const times = [0, 1_700_000_123_456_789, 4_294_967_295_999_999];
  const file = Buffer.concat([encodePcapHeader(), ...times.map((time) => encodePcapRecord(time, PACKET))]);
  const read = [...readCapture(createBytesInput(file))];
  expect(read.map(({ timestampUs }) => timestampUs)).toEqual(times);
  for (const { packet } of read) expect(Uint8Array.from(packet)).toEqual(PACKET);
});
