import { expect, test } from "@jest/globals";
import { createBackoff } from "../../../agent/session/backoff.js";

test("waits double up to the most, each drawn from its upper half", () => {
  const least = createBackoff({ firstMs: 100, mostMs: 1_000, random: () => 0 });
  expect(Array.from({ length: 6 }, () => least.nextMs())).toEqual([50, 100, 200, 400, 500, 500]);
  const most = createBackoff({ firstMs: 100, mostMs: 1_000, random: () => 0.999_999 });
  expect(Array.from({ length: 6 }, () => Math.round(most.nextMs()))).toEqual([100, 200, 400, 800, 1_000, 1_000]);
});

test("begins again after an attempt that worked, and stays finite after very many that did not", () => {
  const backoff = createBackoff({ firstMs: 100, mostMs: 1_000, random: () => 0 });
  for (let i = 0; i < 5_000; i++) {
    expect(backoff.nextMs()).toBeLessThanOrEqual(1_000);
  }
  backoff.reset();
  expect(backoff.nextMs()).toBe(50);
});
