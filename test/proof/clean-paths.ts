import { QUOTE_STYLES, traceCleanPaths } from "../agent/sim/clean-paths.js";

const PATHS = 100_000;
/** Traced at the same time, in a world of their own. */
const BATCH = 2_000;
const EACH_STYLE = 1_000;

/** Proves that paths without a middlebox give no finding; ends with 1 where one does, or where a way to quote is rare. */
async function main(): Promise<void> {
  const counts = new Map<string, number>(QUOTE_STYLES.map((style) => [style, 0]));
  const findings: string[] = [];
  let traces = 0;
  let answers = 0;
  for (let first = 0; first < PATHS; first += BATCH) {
    const found = await traceCleanPaths(first, BATCH);
    traces += found.traces;
    answers += found.answers;
    findings.push(...found.findings);
    for (const [style, count] of found.styles) counts.set(style, (counts.get(style) ?? 0) + count);
    process.stderr.write(`${first + BATCH} of ${PATHS} paths, ${findings.length} findings\r`);
  }
  process.stderr.write("\n");
  const quotes = [...counts].map(([style, count]) => `${style} ${count}`).join(", ");
  console.log(`${PATHS} clean paths, ${traces} traces, ${answers} answers; quotes: ${quotes}`);
  console.log(`${findings.length} false findings${findings.map((line) => `\n  ${line}`).join("")}`);
  const isThin = [...counts.values()].some((count) => count < EACH_STYLE);
  if (findings.length > 0 || isThin) process.exitCode = 1;
}

await main();
