import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { readAddress } from "../../../coordinator/hitlist/read-address.js";
import { addressFamily, parseAddress } from "../../../shared/address/address.js";
import { DecodeError } from "../../../shared/errors.js";

function read(text: string): string | null {
  const bytes = Buffer.from(`>${text}<`, "latin1");
  const address = new Uint8Array(16);
  return readAddress(bytes, 1, bytes.length - 1, address) ? Buffer.from(address).toString("hex") : null;
}

/** What the slow parser makes of hexadecimal groups; IPv4 and dotted endings are not for the fast one. */
function expected(text: string): string | null {
  if (!/^[0-9a-f:]+$/i.test(text)) return null;
  try {
    const address = parseAddress(text);
    return addressFamily(address) === 6 || /:/.test(text) ? Buffer.from(address).toString("hex") : null;
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

describe("reading an IPv6 address from bytes", () => {
  it.each([
    ["2001:db8::1", "20010db8000000000000000000000001"],
    ["::", "00000000000000000000000000000000"],
    ["1:2:3:4:5:6:7::", "00010002000300040005000600070000"],
    ["ABCD:EF01:2345:6789:abcd:ef01:2345:6789", "abcdef0123456789abcdef0123456789"],
    ["1:2:3:4:5:6:7:8:9", null],
    ["1:2:3:4:5:6:7", null],
    ["1::2::3", null],
    ["1:::2", null],
    ["12345::", null],
    [":1::", null],
    ["1:2:3:4:5:6:7:8::", null],
    ["::192.0.2.1", null],
    ["", null],
  ])("%s", (text, bytes) => {
    expect(read(text)).toBe(bytes);
  });

  it("agrees with the parser of texts, whatever groups and colons come", () => {
    const piece = fc.oneof(fc.constantFrom(":", "::", "0", "g", ".1"), fc.stringMatching(/^[0-9a-fA-F]{1,5}$/));
    const address = fc.oneof(
      fc.ipV6(),
      fc.array(piece, { maxLength: 17 }).map((pieces) => pieces.join("")),
    );
    fc.assert(
      fc.property(address, (text) => {
        expect(read(text)).toBe(expected(text));
      }),
      { numRuns: 5_000 },
    );
  });
});
