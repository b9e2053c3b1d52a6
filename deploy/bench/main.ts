import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import yargs from "yargs";
import { hideBin } from "yargs/helpers";
import { UserError } from "../../shared/errors.js";
import { benchCost } from "./cost.js";
import { benchDashboard } from "./dashboard/dashboard.js";
import { benchFleet } from "./fleet/fleet.js";
import { benchHosts } from "./hosts.js";
import { benchIngest } from "./ingest/ingest.js";
import { benchSoak } from "./ingest/soak.js";
import { benchQuery } from "./query/query.js";
import { benchReceive } from "./receive.js";
import { type BenchResult, machine, textOf } from "./result.js";
import { benchSyn } from "./syn.js";
import { benchTrace } from "./trace.js";

const BENCHES = {
  syn: benchSyn,
  hosts: benchHosts,
  receive: benchReceive,
  cost: benchCost,
  trace: benchTrace,
  fleet: benchFleet,
  ingest: benchIngest,
  query: benchQuery,
  dashboard: benchDashboard,
  soak: benchSoak,
};
const NAMES = Object.keys(BENCHES) as (keyof typeof BENCHES)[];
/** An hour is asked for by name. */
const DEFAULT = NAMES.filter((name) => name !== "soak");

const { bench, rounds, seconds, minutes, hours, agents, rows, facts, data, only, output } = await yargs(
  hideBin(process.argv),
)
  .scriptName("npm run bench --")
  .command("$0 [bench..]", "Measure speed on this machine; needs root, as it makes network namespaces", (parser) =>
    parser.positional("bench", {
      choices: NAMES,
      array: true,
      default: DEFAULT,
      describe: "Which; default: all but soak",
    }),
  )
  .option("rounds", { type: "number", default: 9, describe: "How often each contender runs" })
  .option("seconds", { type: "number", default: 3, describe: "Length of one measurement" })
  .option("minutes", { type: "number", default: 5, describe: "In fleet: how long the campaign takes" })
  .option("hours", { type: "number", default: 1, describe: "In soak: how long; may be a fraction" })
  .option("agents", { type: "number", describe: "In fleet: how many, at least 100 (1000); in soak (20)" })
  .option("rows", { type: "number", describe: "In ingest: how many a round (1500000); in soak: a second (20000)" })
  .option("facts", {
    type: "number",
    default: 10_000_000,
    describe: "In query and dashboard: replies of the largest campaign",
  })
  .option("data", { type: "string", describe: "In query and dashboard: folder that keeps the facts for the next run" })
  .option("only", {
    type: "string",
    array: true,
    default: [],
    describe: "In syn, query and dashboard: only what has one of these in its name",
  })
  .option("output", { alias: "o", type: "string", describe: "File for the figures as JSON" })
  .strict()
  .parseAsync();

const folder = mkdtempSync(join(tmpdir(), "parallax-bench-"));
const on = machine();
const results: BenchResult[] = [];
try {
  for (const name of bench as (keyof typeof BENCHES)[]) {
    const result = await BENCHES[name]({
      rounds,
      seconds,
      minutes,
      hours,
      agents,
      rows,
      facts,
      data: data ?? null,
      only,
      folder,
      say: (text) => console.error(text),
    });
    results.push(result);
    console.log(`\n${textOf(result)}\n`);
    for (const line of result.missed ?? []) console.error(`bench: ${name}: ${line}`);
    if ((result.missed ?? []).length > 0) process.exitCode = 1;
  }
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(`bench: ${error.line}`);
  process.exitCode = error.exitCode;
} finally {
  rmSync(folder, { recursive: true, force: true });
  const { kernel, processor, cores, node, loadBefore } = on;
  console.log(`Linux ${kernel}, ${cores} x ${processor}, Node.js ${node}, load before ${loadBefore}`);
  if (output !== undefined) writeFileSync(output, `${JSON.stringify({ machine: on, results }, null, 2)}\n`);
}
