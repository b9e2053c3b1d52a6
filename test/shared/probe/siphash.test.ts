import { expect, test } from "@jest/globals";
import { createSipHash20 } from "../../../shared/probe/siphash.js";

function hash(key: Uint8Array, message: Uint8Array): string {
  const view = new DataView(message.buffer, message.byteOffset);
  const [a, b, c, d, e] = [0, 4, 8, 12, 16].map((at) => view.getUint32(at, true));
  const words = createSipHash20(key)(a ?? 0, b ?? 0, c ?? 0, d ?? 0, e ?? 0);
  return Buffer.from(Uint32Array.from(words).buffer).toString("hex").toUpperCase();
}

// Printed by: openssl mac -macopt hexkey:KEY -macopt size:16 -in MESSAGE SIPHASH
test.each([
  ["000102030405060708090a0b0c0d0e0f", "000102030405060708090a0b0c0d0e0f10111213", "9E25FC833F2290733E9344A5E83839EB"],
  ["ffeeddccbbaa99887766554433221100", "000102030405060708090a0b0c0d0e0f10111213", "B428D5DC65C32B011DEEAC5CB943A18E"],
  ["000102030405060708090a0b0c0d0e0f", "0000000000000000000000000000000000000000", "39099A75289AF42956FD786DE1A555E4"],
  ["ffeeddccbbaa99887766554433221100", "0000000000000000000000000000000000000000", "531217C04F982DD4B0104F79D37E0732"],
  ["000102030405060708090a0b0c0d0e0f", "0001005000000000000000000000ffffc6120001", "694DCFE3B12C9DAB45469187BE231C4D"],
  ["ffeeddccbbaa99887766554433221100", "0001005000000000000000000000ffffc6120001", "34B7E4F77CCBBD01D1606FA66FB12147"],
])("hashes as openssl does: key %s, message %s", (key, message, expected) => {
  expect(hash(Buffer.from(key, "hex"), Buffer.from(message, "hex"))).toBe(expected);
});

test("refuses a key that does not have 16 bytes", () => {
  expect(() => createSipHash20(new Uint8Array(15))).toThrow(RangeError);
});
