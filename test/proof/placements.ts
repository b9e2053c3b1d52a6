import { EXPECTED, judgePlacedTargets, SITES } from "../agent/sim/placed-paths.js";

const TARGETS = Number(process.argv[2] ?? 10_000);
const BATCH = 500;
const LOSS = 0.05;
const LEAST_RIGHT = 0.99;

/**
 * Judges targets behind boxes of every placement with 5 % of the packets lost on each way, from 8 vantage points; ends with 1
 * where one is judged wrong, or less than 99 % are judged right.
 */
async function main(): Promise<void> {
  const counts = new Map<string, number>();
  const wrong: string[] = [];
  for (let first = 0; first < TARGETS; first += BATCH) {
    for (const { site, target, placement, rule } of await judgePlacedTargets(
      first,
      Math.min(BATCH, TARGETS - first),
      LOSS,
    )) {
      const key = `${site}: ${placement} (${rule})`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      if (placement !== EXPECTED[site] && placement !== "uncertain") wrong.push(`${target} ${key}`);
    }
    process.stderr.write(`${first + BATCH} of ${TARGETS}\r`);
  }
  process.stderr.write("\n");
  for (const site of SITES) {
    for (const [key, count] of counts) if (key.startsWith(`${site}:`)) console.log(`${key} ${count}`);
  }
  const right = SITES.flatMap((site) =>
    [...counts].filter(([key]) => key.startsWith(`${site}: ${EXPECTED[site]} `)).map(([, count]) => count),
  ).reduce((sum, count) => sum + count, 0);
  console.log(`${TARGETS} targets, ${right} right, ${wrong.length} wrong, the others uncertain`);
  for (const line of wrong) console.log(`  ${line}`);
  if (wrong.length > 0 || right < LEAST_RIGHT * TARGETS) process.exitCode = 1;
}

await main();
