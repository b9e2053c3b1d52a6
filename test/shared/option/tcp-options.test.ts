import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { decodeTcpOptions, findOption, timestampsOf } from "../../../shared/option/tcp-options.js";

const hex = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits, "hex"));
const digits = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** A SYN of Linux 6.18: mss 1460,sackOK,TS val 2575779671 ecr 0,nop,wscale 10,mptcp 4 capable v1 csum. */
const LINUX_SYN = hex("020405b40402080a99874757000000000103030a1e040181");

describe("decodeTcpOptions", () => {
  test("splits the options of a Linux SYN", () => {
    const { options, malformed } = decodeTcpOptions(LINUX_SYN);
    expect(options.map(({ kind, offset, bytes }) => [kind, offset, digits(bytes)])).toEqual([
      [2, 0, "020405b4"],
      [4, 4, "0402"],
      [8, 6, "080a9987475700000000"],
      [1, 16, "01"],
      [3, 17, "03030a"],
      [30, 20, "1e040181"],
    ]);
    expect(malformed).toHaveLength(0);
  });

  test.each([
    ["is cut off", "0101080a0000", [1, 1], "080a0000"],
    ["has no length byte", "020405b41e", [2], "1e"],
    ["has length 0", "011e000000", [1], "1e000000"],
    ["has length 1", "1e010000", [], "1e010000"],
  ])("reports an option that %s, behind the whole ones", (_what, bytes, kinds, tail) => {
    const { options, malformed } = decodeTcpOptions(hex(bytes));
    expect(options.map(({ kind }) => kind)).toEqual(kinds);
    expect(digits(malformed)).toBe(tail);
  });

  test("takes what stands behind the end of the list for padding", () => {
    const { options, malformed } = decodeTcpOptions(hex("010002ff"));
    expect(options.map(({ kind }) => kind)).toEqual([1, 0]);
    expect(malformed).toHaveLength(0);
  });

  test("accounts for every byte up to the end of the list, and never throws", () => {
    const length = (list: readonly { bytes: Uint8Array }[]) => list.reduce((sum, { bytes }) => sum + bytes.length, 0);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const { options, malformed } = decodeTcpOptions(bytes);
        const ended = options.at(-1)?.kind === 0;
        const pieces = Buffer.concat([...options.map((option) => option.bytes), malformed]);
        expect(digits(pieces)).toBe(digits(bytes.subarray(0, ended ? length(options) : bytes.length)));
      }),
      { numRuns: 10_000 },
    );
  });
});

test("findOption finds the first of a kind, and none behind the end of the list", () => {
  expect(findOption(hex("020405b4020401f4"), 2)).toEqual(hex("020405b4"));
  expect(findOption(hex("00020405b4"), 2)).toBeUndefined();
});

describe("timestampsOf", () => {
  test("reads TSval and TSecr as tcpdump prints them", () => {
    expect(timestampsOf(LINUX_SYN)).toEqual({ value: 2575779671, echo: 0 });
    expect(timestampsOf(hex("0101080a3806c50199874757"))).toEqual({ value: 939967745, echo: 2575779671 });
  });

  test.each([
    ["there are no options", ""],
    ["there are none among them", "020405b401010402"],
    ["they stand behind the end of the list", "00080a9987475700000000"],
    ["they are cut off", "0101080a99874757000000"],
    ["their length is wrong", "080c9987475700000000000000000000"],
    ["an option before them has length 0", "1e00080a9987475700000000"],
    ["an option before them reaches over them", "1e0e080a998747570000000001010101"],
  ])("gives null where %s", (_why, bytes) => {
    expect(timestampsOf(hex(bytes))).toBeNull();
  });

  test("finds what a split of all options finds, whatever the bytes", () => {
    const padding = fc.constantFrom("01", "0402", "03030a", "020405b4", "1e040181", "1e", "1e00", "00", "080c");
    const stamps = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((body) => `080a${digits(body)}`);
    const lists = fc.array(fc.oneof(padding, stamps), { maxLength: 8 }).map((parts) => hex(parts.join("")));
    fc.assert(
      fc.property(fc.oneof(lists, fc.uint8Array({ maxLength: 44 })), fc.nat(44), (whole, cut) => {
        const bytes = whole.subarray(0, cut);
        const option = decodeTcpOptions(bytes).options.find(({ kind }) => kind === 8)?.bytes;
        const view = option?.length === 10 ? new DataView(option.buffer, option.byteOffset) : undefined;
        const expected = view === undefined ? null : { value: view.getUint32(2), echo: view.getUint32(6) };
        expect(timestampsOf(bytes)).toEqual(expected);
      }),
      { numRuns: 10_000 },
    );
  });
});
