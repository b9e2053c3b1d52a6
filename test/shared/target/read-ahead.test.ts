import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { createTarget, type MutableTarget, type TargetSource } from "../../../shared/target/source.js";
import { createSpaceSource } from "../../../shared/target/space.js";

const keys = fc.uint8Array({ minLength: 16, maxLength: 16 });
const ranges = fc.array(
  fc
    .tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 31 }), fc.nat(5))
    .map(([first, bits, more]) => ({ first, last: Math.min(2 ** 32 - 1, first + 2 ** bits + more) })),
  { minLength: 1, maxLength: 40 },
);
const ports = fc.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { minLength: 1, maxLength: 30 });

function plain({ words, port }: MutableTarget): number[] {
  return [...words, port];
}

function single(source: TargetSource, index: number): number[] {
  const target = createTarget();
  source.targetAt(index, target);
  return plain(target);
}

test("reading ahead finds the target that each index has, whatever the space and the steps", () => {
  fc.assert(
    fc.property(
      fc.record({ ranges, ports, permutationKey: keys }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.array(fc.oneof(fc.constant(1), fc.integer({ min: 0, max: 700 })), { minLength: 1, maxLength: 400 }),
      (options, share, steps) => {
        const source = createSpaceSource(options);
        const reader = source.readAhead(source.size);
        const target = createTarget();
        let index = Math.floor(share * source.size);
        for (const step of steps) {
          if (index >= source.size) return;
          reader.targetAt(index, target);
          expect(plain(target)).toEqual(single(source, index));
          index += step;
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("a run has the targets of the indices in a row, address and port in network order, up to the last", () => {
  const source = createSpaceSource({
    ranges: [{ first: 0xc612_0000, last: 0xc612_03ff }],
    ports: [80, 443, 8443],
    permutationKey: new Uint8Array(16),
  });
  const to = 3000;
  const { run, runFrom, wordOf } = source.readAhead(to);
  if (run === null) throw new Error("a space is read in runs");
  const lengths: number[] = [];
  for (let index = 0; index < to; ) {
    const count = runFrom(index);
    const bytes = Buffer.from(run.buffer, run.byteOffset + 4 * wordOf(index), 8 * count);
    for (let i = 0; i < count; i++) {
      const expected = createTarget();
      source.targetAt(index + i, expected);
      expect(bytes.subarray(8 * i, 8 * i + 4)).toEqual(Buffer.from(expected.address.subarray(12)));
      expect(bytes.readUInt16BE(8 * i + 4)).toBe(expected.port);
    }
    lengths.push(count);
    index += count;
  }
  expect(Math.max(...lengths)).toBeGreaterThan(100);
  expect(lengths.reduce((a, b) => a + b)).toBe(to);
});

test("indices outside of what the reader is for are refused", () => {
  const source = createSpaceSource({
    ranges: [{ first: 0xc612_0000, last: 0xc612_ffff }],
    ports: [80],
    permutationKey: new Uint8Array(16),
  });
  const reader = source.readAhead(1000);
  const target = createTarget();
  reader.targetAt(999, target);
  for (const index of [-1, 1000, 65_535, Number.NaN]) expect(() => reader.targetAt(index, target)).toThrow(RangeError);
});
