import { describe, expect, it } from "@jest/globals";
import { bytesOnWire, packetsOfBandwidth, parseBandwidth } from "../../../../agent/cli/scan/rate.js";

describe("a bandwidth", () => {
  it.each([
    ["10M", 10e6],
    ["1g", 1e9],
    ["1.5G", 1.5e9],
    ["64k", 64_000],
    ["9600", 9600],
  ])("%s is %d bits per second", (text, bits) => {
    expect(parseBandwidth("--bandwidth", text)).toBe(bits);
  });

  it.each(["", "10X", "-5", "M", "1,5M", "0", "1e9", "10 Mbit"])("%p is refused with an example", (text) => {
    expect(() => parseBandwidth("--bandwidth", text)).toThrow(
      expect.objectContaining({ exitCode: 2, remedy: expect.stringContaining("--bandwidth 10M") }),
    );
  });

  it("is counted as ZMap counts: a SYN of 40 bytes takes 84 on the wire, so 10 Mbit/s are 14,880 packets", () => {
    // 40 bytes are padded to 46 in a frame of 64 bytes with its checksum; 20 bytes of preamble and gap.
    expect(bytesOnWire(40)).toBe(84);
    expect(packetsOfBandwidth(10e6, bytesOnWire(40))).toBe(14_880);
    // ZMap's Linux probe: 74 bytes with the Ethernet header, 24 around it.
    expect(bytesOnWire(60)).toBe(98);
  });

  it("too small for a packet a second sends one all the same", () => {
    expect(packetsOfBandwidth(100, 84)).toBe(1);
  });
});
