import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { printLedgerReport } from "../../coordinator/ledger/report.js";
import { runChaos } from "./chaos.js";

const MINUTES = 30;

/** `main.js [--minutes N] [--seed N]`: ends with 1 when a row was lost, came twice, or a target was not asked. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { minutes: { type: "string" }, seed: { type: "string" } } });
  const minutes = Number(values.minutes ?? MINUTES);
  const seed = Number(values.seed ?? randomInt(2 ** 32));
  if (!(minutes > 0) || !Number.isInteger(seed)) throw new Error("--minutes is a number, --seed a whole one");
  console.log(`seed ${seed}, ${minutes} minutes`);
  const { done, kills, report, problems } = await runChaos({ minutes, seed, say: (line) => console.log(line) });
  console.log(`${kills} kills; ${JSON.stringify(done)}`);
  if (report !== null) process.stdout.write(printLedgerReport(report));
  for (const problem of problems) console.log(`PROBLEM: ${problem}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

// Debian keeps nats-server where an ordinary user's PATH does not look.
process.env.PATH = `${process.env.PATH ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;
await main();
