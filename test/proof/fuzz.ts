import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { DECODERS } from "../fuzz/decoders.js";
import { fuzz } from "../fuzz/fuzz.js";

const CASES = 10_000_000;

/**
 * Gives every decoder, or those that are named, random and damaged inputs: `fuzz.js [--cases N] [--seed N] [decoder…]`.
 * Ends with 1 where one throws what it should not or takes longer than a millisecond; the input is printed for
 * test/fuzz/corpus.ts.
 */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { cases: { type: "string" }, seed: { type: "string" } },
    allowPositionals: true,
  });
  const cases = Number(values.cases ?? CASES);
  const seed = Number(values.seed ?? randomInt(2 ** 32));
  const chosen = positionals.length === 0 ? DECODERS : DECODERS.filter(({ name }) => positionals.includes(name));
  if (!Number.isInteger(cases) || cases < 1 || !Number.isInteger(seed) || chosen.length === 0) {
    throw new Error(`--cases and --seed are whole numbers; decoders: ${DECODERS.map(({ name }) => name).join(", ")}`);
  }
  console.log(`seed ${seed}, ${cases} cases for each of ${chosen.length} decoders`);
  for (const decoder of chosen) {
    const report = (done: number) => process.stderr.write(`${decoder.name}: ${done} of ${cases}\r`);
    const { accepted, elapsedMs, slowest, failure, ...done } = await fuzz(decoder, { cases, seed, report });
    const perSecond = Math.round(done.cases / (elapsedMs / 1_000));
    const read = ((100 * accepted) / done.cases).toFixed(1);
    console.log(
      `${decoder.name}: ${done.cases} cases, ${perSecond}/s, ${read} % read; slowest ${(1_000 * slowest.ms).toFixed(1)} us, ${slowest.input.length} bytes: ${excerpt(slowest.input)}`,
    );
    if (failure === null) continue;
    console.log(`${decoder.name} FAILED: ${failure.reason}\n  ${hexOf(failure.input)}`);
    process.exitCode = 1;
  }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

const EXCERPT_BYTES = 40;

function excerpt(bytes: Uint8Array): string {
  return `${hexOf(bytes.subarray(0, EXCERPT_BYTES))}${bytes.length > EXCERPT_BYTES ? "…" : ""}`;
}

await main();
