import { describe, expect, it, jest } from "@jest/globals";
import { traceCleanPaths } from "./clean-paths.js";

jest.setTimeout(120_000);

/** Paths in a world of their own, with losses of their own. */
const WORLD = 1_000;

/** A line per path on which something was found that is not there. */
async function falseFindings(loss: number, worlds: readonly number[]): Promise<readonly string[]> {
  const findings: string[] = [];
  for (const world of worlds) findings.push(...(await traceCleanPaths(world * WORLD, WORLD, loss)).findings);
  return findings;
}

describe("paths without a middlebox that lose packets", () => {
  it("give no finding when 1 % are lost each way", async () => {
    expect(await falseFindings(0.01, [0, 1])).toEqual([]);
  });

  it("give a condition for less than one path in 500 when 5 % are lost each way", async () => {
    const conditions = (await falseFindings(0.05, [2])).filter((line) => line.includes("tcp."));
    expect(conditions.length).toBeLessThan(WORLD / 500);
  });
});
