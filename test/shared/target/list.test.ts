import { expect, test } from "@jest/globals";
import { parseAddress } from "../../../shared/address/address.js";
import { createListSource } from "../../../shared/target/list.js";
import { createTarget } from "../../../shared/target/source.js";

const a = { address: parseAddress("198.18.0.1"), port: 80 };
const b = { address: parseAddress("198.18.0.1"), port: 443 };
const c = { address: parseAddress("2001:2::1"), port: 80 };
const into = createTarget();

test("a part of a list is numbered from its first index", () => {
  const source = createListSource([a, b, c], 1000, 5000);
  expect(source.size).toBe(5000);
  for (const [i, target] of [a, b, c].entries()) {
    source.targetAt(1000 + i, into);
    expect(into).toMatchObject(target);
    expect(source.indexOf(target.address, target.port)).toBe(1000 + i);
  }
});

test("indices outside the part are refused, targets outside it have index -1", () => {
  const source = createListSource([a, b], 10);
  expect(source.size).toBe(12);
  expect(() => source.targetAt(9, into)).toThrow(RangeError);
  expect(() => source.targetAt(12, into)).toThrow(RangeError);
  expect(source.indexOf(c.address, c.port)).toBe(-1);
});

test("a target that is there twice is refused", () => {
  expect(() => createListSource([a, b, { address: parseAddress("198.18.0.1"), port: 80 }])).toThrow(RangeError);
});
