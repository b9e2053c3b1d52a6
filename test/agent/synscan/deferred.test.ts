import { expect, it } from "@jest/globals";
import fc from "fast-check";
import { createDeferred } from "../../../agent/synscan/deferred.js";

it("gives deferred targets back in order of their time, whatever order they came in", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.constant(null))), (steps) => {
      const deferred = createDeferred<string>(1000);
      const model: number[] = [];
      for (const [i, step] of steps.entries()) {
        if (step === null) {
          const expected = model.sort((a, b) => a - b).shift();
          expect(deferred.nextAtMs()).toBe(expected ?? Number.POSITIVE_INFINITY);
          expect(steps[deferred.take()?.index ?? -1]).toBe(expected);
        } else {
          deferred.add(step, i, "pass");
          model.push(step);
        }
        expect(deferred.size()).toBe(model.length);
      }
    }),
  );
});

it("gives targets of the same time back in order of their index", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(1000)), (indices) => {
      const deferred = createDeferred<null>(1000);
      for (const index of indices) deferred.add(7, index, null);
      const taken = indices.map(() => deferred.take()?.index);
      expect(taken).toEqual([...indices].sort((a, b) => a - b));
    }),
  );
});

it("says when it is full", () => {
  const deferred = createDeferred<null>(2);
  deferred.add(1, 1, null);
  expect(deferred.isFull()).toBe(false);
  deferred.add(2, 2, null);
  expect(deferred.isFull()).toBe(true);
});
