import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { decodeTcpOptions, encodeTcpOptions } from "../../../shared/option/tcp-options.js";

const option = fc
  .record({ kind: fc.integer({ min: 2, max: 255 }), data: fc.uint8Array({ maxLength: 12 }) })
  .map(({ kind, data }) => Uint8Array.from([kind, data.length + 2, ...data]));
const lists = fc
  .array(option, { maxLength: 8 })
  .filter((list) => list.reduce((sum, { length }) => sum + length, 0) <= 40);

test("options that are written are read as they were, behind them at most three end-of-list bytes", () => {
  fc.assert(
    fc.property(lists, (list) => {
      const bytes = encodeTcpOptions(list);
      const { options, malformed } = decodeTcpOptions(bytes);
      expect(options.map((read) => read.bytes).slice(0, list.length)).toEqual(list);
      expect(options.length - list.length).toBe(bytes.length % 4 === 0 && options.at(-1)?.kind === 0 ? 1 : 0);
      expect(malformed).toHaveLength(0);
      expect(bytes.length % 4).toBe(0);
      expect(bytes.length - list.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(4);
    }),
    { numRuns: 2000 },
  );
});

test("more than the 40 bytes that a header has for them are refused", () => {
  expect(encodeTcpOptions([new Uint8Array(40).fill(1)])).toHaveLength(40);
  expect(() => encodeTcpOptions([new Uint8Array(40).fill(1), Uint8Array.of(1)])).toThrow(RangeError);
});
