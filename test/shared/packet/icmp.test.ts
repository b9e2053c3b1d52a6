import { describe, expect, test } from "@jest/globals";
import { fold16, sum16 } from "../../../shared/packet/checksum.js";
import { decodeIcmpError } from "../../../shared/packet/icmp.js";

const QUOTE = Uint8Array.from({ length: 60 }, (_, i) => i + 1);
const PADDED = Uint8Array.from([...QUOTE, ...new Array(68).fill(0)]);

/** RFC 4884 figure 5 and RFC 4950: version 2, one MPLS label stack object. */
function extensions(checksum = true): Uint8Array {
  const bytes = Uint8Array.from([0x20, 0, 0, 0, 0, 8, 1, 1, 0x5d, 0xc1, 0x01, 0x01]);
  if (checksum) {
    const value = fold16(sum16(bytes, 0, bytes.length));
    bytes.set([value >>> 8, value & 0xff], 2);
  }
  return bytes;
}

function message(
  type: number,
  lengthByte: readonly [at: 4 | 5, value: number] | null,
  body: readonly number[],
): Uint8Array {
  const header = new Uint8Array(8);
  header[0] = type;
  if (lengthByte !== null) header[lengthByte[0]] = lengthByte[1];
  return Uint8Array.from([...header, ...body]);
}

describe("decodeIcmpError separates the quote from the extensions behind it", () => {
  test.each([
    ["IPv4 time exceeded, length in 32-bit words", 4, 11, [5, 32]],
    ["IPv4 destination unreachable", 4, 3, [5, 32]],
    ["IPv4 parameter problem", 4, 12, [5, 32]],
    ["IPv6 time exceeded, length in 64-bit words", 6, 3, [4, 16]],
    ["IPv6 destination unreachable", 6, 1, [4, 16]],
  ] as const)("by the length field: %s (RFC 4884 section 4)", (_name, family, type, lengthByte) => {
    const icmp = decodeIcmpError(message(type, lengthByte, [...PADDED, ...extensions()]), family);
    expect(icmp?.quote).toEqual(PADDED);
    expect(icmp?.extensions).toEqual(extensions());
  });

  test("at 128 bytes, where an old router sets no length (section 5.5)", () => {
    const icmp = decodeIcmpError(message(11, null, [...PADDED, ...extensions()]), 4);
    expect(icmp?.quote).toEqual(PADDED);
    expect(icmp?.extensions).toEqual(extensions());
  });

  test("but takes no bytes of a long quote for extensions: their checksum must be right", () => {
    const body = [...PADDED, ...extensions(false)];
    expect(decodeIcmpError(message(11, null, body), 4)?.quote).toEqual(Uint8Array.from(body));
  });

  test("and takes the whole body where the length field points behind it", () => {
    expect(decodeIcmpError(message(11, [5, 32], [...QUOTE]), 4)?.quote).toEqual(QUOTE);
  });

  test("and looks for extensions at 128 bytes where the length field points behind the body", () => {
    const icmp = decodeIcmpError(message(11, [5, 255], [...PADDED, ...extensions()]), 4);
    expect(icmp?.quote).toEqual(PADDED);
  });

  test.each([
    ["the gateway of a redirect", 4, 5, [5, 4]],
    ["the unused bytes of source quench", 4, 4, [5, 4]],
    ["the MTU of packet too big", 6, 2, [4, 4]],
    ["the pointer of an IPv6 parameter problem", 6, 4, [4, 4]],
  ] as const)("and takes %s for no length", (_name, family, type, lengthByte) => {
    expect(decodeIcmpError(message(type, lengthByte, [...QUOTE]), family)?.quote).toEqual(QUOTE);
  });
});

test("a quote that is cut off within the extensions keeps its length", () => {
  const cut = extensions().subarray(0, 6);
  const icmp = decodeIcmpError(message(11, [5, 32], [...PADDED, ...cut]), 4);
  expect(icmp?.quote).toEqual(PADDED);
  expect(icmp?.extensions).toEqual(cut);
});

test("informational messages are no errors", () => {
  expect(decodeIcmpError(message(8, null, []), 4)).toBeNull();
  expect(decodeIcmpError(message(128, null, []), 6)).toBeNull();
});
