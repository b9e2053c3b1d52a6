import { describe, expect, it } from "@jest/globals";
import { QUOTE_STYLES, traceCleanPaths } from "./clean-paths.js";

describe("paths without a middlebox", () => {
  // `npm run test:clean-paths` looks at 100,000 of them.
  it("give no finding, in whatever way their routers quote", async () => {
    const { answers, styles, findings } = await traceCleanPaths(0, 1_000);
    expect(findings).toEqual([]);
    expect(answers).toBeGreaterThan(10_000);
    expect([...styles.keys()].sort()).toEqual([...QUOTE_STYLES].sort());
  });
});
