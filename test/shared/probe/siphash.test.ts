import { expect, test } from "@jest/globals";
import { createSipHash20 } from "../../../shared/probe/siphash.js";

function hash(key: Uint8Array, message: Uint8Array, c: number, d: number): string {
  const view = new DataView(message.buffer, message.byteOffset);
  const [m0, m1, m2, m3, m4] = [0, 4, 8, 12, 16].map((at) => view.getUint32(at, true));
  const words = createSipHash20(key, c, d)(m0 ?? 0, m1 ?? 0, m2 ?? 0, m3 ?? 0, m4 ?? 0);
  return Buffer.from(Uint32Array.from(words).buffer).toString("hex").toUpperCase();
}

// Printed by: openssl mac -macopt hexkey:KEY -macopt size:16 -macopt c-rounds:C -macopt d-rounds:D -in MESSAGE SIPHASH
test.each([
  [
    2,
    4,
    "000102030405060708090a0b0c0d0e0f",
    "000102030405060708090a0b0c0d0e0f10111213",
    "9E25FC833F2290733E9344A5E83839EB",
  ],
  [
    2,
    4,
    "ffeeddccbbaa99887766554433221100",
    "000102030405060708090a0b0c0d0e0f10111213",
    "B428D5DC65C32B011DEEAC5CB943A18E",
  ],
  [
    2,
    4,
    "000102030405060708090a0b0c0d0e0f",
    "0000000000000000000000000000000000000000",
    "39099A75289AF42956FD786DE1A555E4",
  ],
  [
    2,
    4,
    "ffeeddccbbaa99887766554433221100",
    "0000000000000000000000000000000000000000",
    "531217C04F982DD4B0104F79D37E0732",
  ],
  [
    2,
    4,
    "000102030405060708090a0b0c0d0e0f",
    "0001005000000000000000000000ffffc6120001",
    "694DCFE3B12C9DAB45469187BE231C4D",
  ],
  [
    2,
    4,
    "ffeeddccbbaa99887766554433221100",
    "0001005000000000000000000000ffffc6120001",
    "34B7E4F77CCBBD01D1606FA66FB12147",
  ],
  [
    1,
    3,
    "000102030405060708090a0b0c0d0e0f",
    "000102030405060708090a0b0c0d0e0f10111213",
    "3C2C2F11BB90CF0BE335CA9B2E91E9B7",
  ],
  [
    1,
    3,
    "ffeeddccbbaa99887766554433221100",
    "000102030405060708090a0b0c0d0e0f10111213",
    "F35BE5857CC4B0B81A2471D4091D34CC",
  ],
  [
    1,
    3,
    "000102030405060708090a0b0c0d0e0f",
    "0000000000000000000000000000000000000000",
    "D2233A8310A4E56BA19D5E6947DF71B2",
  ],
  [
    1,
    3,
    "ffeeddccbbaa99887766554433221100",
    "0000000000000000000000000000000000000000",
    "4FB44AAFD3E929C685D7D6CA34C4C51D",
  ],
  [
    1,
    3,
    "000102030405060708090a0b0c0d0e0f",
    "0001005000000000000000000000ffffc6120001",
    "EE3BE66F4B43832FC47DE789170E99A0",
  ],
  [
    1,
    3,
    "ffeeddccbbaa99887766554433221100",
    "0001005000000000000000000000ffffc6120001",
    "29AE247F142E85AD91566D267DAC4DC5",
  ],
])("SipHash-%i-%i hashes as openssl does: key %s, message %s", (c, d, key, message, expected) => {
  expect(hash(Buffer.from(key, "hex"), Buffer.from(message, "hex"), c, d)).toBe(expected);
});

test("refuses a key that does not have 16 bytes", () => {
  expect(() => createSipHash20(new Uint8Array(15), 1, 3)).toThrow(RangeError);
});
