import { migrate, readMigrations } from "../../coordinator/store/migrate.js";
import { EXPECTED, SITES } from "../agent/sim/placed-paths.js";
import { findPlacedBoxes } from "../integration/dossier/placed.js";
import { startTestWarehouse } from "../integration/support/warehouse.js";

const TARGETS = Number(process.argv[2] ?? 10_000);
const LOSS = 0.05;
const LEAST_RIGHT = 0.99;

/**
 * Judges targets behind boxes of every placement with 5 % of the packets lost on each way, from 8 vantage points, and reads
 * the dossiers of their boxes; ends with 1 where a target is judged wrong, less than 99 % are judged right, a box has no
 * dossier, or a dossier is not true.
 */
async function main(): Promise<void> {
  const test = await startTestWarehouse();
  try {
    await migrate(test.store, readMigrations("coordinator/store/sql"));
    const onProgress = (done: number) => process.stderr.write(`${done} of ${TARGETS}\r`);
    const found = await findPlacedBoxes(test.store, { count: TARGETS, loss: LOSS, onProgress });
    process.stderr.write("\n");
    if (!tell(found)) process.exitCode = 1;
  } finally {
    await test.stop();
  }
}

/** Prints what was found; false where it is not as it should be. */
function tell({
  placed,
  dossiers,
  paths,
  ascribed,
  unnamed,
  untrue,
}: Awaited<ReturnType<typeof findPlacedBoxes>>): boolean {
  const counts = new Map<string, number>();
  for (const { site, placement, rule } of placed) {
    const key = `${site}: ${placement} (${rule})`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  for (const site of SITES) {
    for (const [key, count] of counts) if (key.startsWith(`${site}:`)) console.log(`${key} ${count}`);
  }
  const right = placed.filter(({ site, placement }) => placement === EXPECTED[site]).length;
  const wrong = placed.filter(({ site, placement }) => placement !== EXPECTED[site] && placement !== "uncertain");
  console.log(`${placed.length} targets, ${right} right, ${wrong.length} wrong, the others uncertain`);
  console.log(`${dossiers.length} dossiers of the boxes on ${paths} paths, ${ascribed} ascribed to them`);
  console.log(`${unnamed.length} boxes on paths without a dossier, ${untrue.length} dossiers that are not true`);
  for (const { target, site, placement, rule } of wrong) console.log(`  ${target} ${site}: ${placement} (${rule})`);
  for (const line of [...unnamed, ...untrue]) console.log(`  ${line}`);
  return wrong.length === 0 && right >= LEAST_RIGHT * placed.length && unnamed.length === 0 && untrue.length === 0;
}

await main();
