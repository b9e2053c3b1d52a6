import { describe, expect, it } from "@jest/globals";
import { createChunks } from "../../../agent/tracebox/chunk.js";

describe("the chunks of a lease", () => {
  it("tile it, and count as done only without a gap before them", () => {
    const chunks = createChunks(100, 145);
    const [a, b, c] = [chunks.add(20, [0, 0]), chunks.add(20, [0, 0]), chunks.add(20, [0, 0])];
    expect([a, b, c].map(({ from, to }) => [from, to])).toEqual([
      [100, 120],
      [120, 140],
      [140, 145],
    ]);
    expect(chunks.fresh).toBe(145);
    chunks.close(b);
    expect([chunks.done, chunks.open.length]).toEqual([100, 2]);
    chunks.close(a);
    expect(chunks.done).toBe(140);
    chunks.close(c);
    expect([chunks.done, chunks.open]).toEqual([145, []]);
  });
});
