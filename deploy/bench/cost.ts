import type { BenchOptions, BenchResult } from "./result.js";
export async function benchCost(_options: BenchOptions): Promise<BenchResult> {
  throw new Error("later");
}
