import { join } from "node:path";
import type { Store } from "../../../coordinator/store/store.js";
import { VARIANTS } from "../../../shared/probe/variant.js";
import { type BenchWarehouse, startBenchWarehouse } from "../ingest/site.js";
import { dropPageCache } from "../page-cache.js";
import type { BenchOptions, BenchResult } from "../result.js";
import { spreadOf, spreadText } from "../statistics.js";
import { CAMPAIGN, countFacts, EARLIER, VANTAGES } from "./facts.js";
import { fillOnce, rebuild } from "./fill.js";
import { type Question, questions } from "./questions.js";

/** Name among the questions. */
const REBUILD = "rollups";
const MOST_COLD_ROUNDS = 3;
const MOST_REBUILDS = 3;
const WANTED_RATIO = 1.5;

/** What anyone would ask the engine for who knows its tables: the last verdict on each variant, in the order of the table. */
const AGGREGATE = `
  SELECT port, target, vantage,
    ${VARIANTS.map((variant) => `argMaxIf(verdict, (received_at, batch, row), variant = '${variant}')`).join(", ")}
  FROM syn_replies WHERE campaign = {campaign:String}
  GROUP BY campaign, port, target, vantage
  SETTINGS optimize_aggregation_in_order = 1 FORMAT Null`;

/** The rollups without the time at which they were made. */
const FINGERPRINTS = ["target_views", "target_classes"].map(
  (table) =>
    `SELECT count() AS n, toString(sum(sipHash64(* EXCEPT (computed_at)))) AS hash FROM ${table} FINAL WHERE campaign = {campaign:String}`,
);

interface Answered {
  readonly name: string;
  readonly wantedMs: number | null;
  readonly rows: number;
  readonly coldMs: readonly number[];
  readonly warmMs: readonly number[];
}

/** Questions to a store with many facts, and the time to make the rollups that answer them. */
export async function benchQuery({ rounds, facts, data, only, folder, say }: BenchOptions): Promise<BenchResult> {
  const place = join(data ?? folder, "warehouse");
  const isWanted = (name: string): boolean => only.length === 0 || only.some((part) => name.includes(part));
  let warehouse = await startBenchWarehouse(place, say);
  try {
    await fillOnce(warehouse.store, { facts, withEvidence: false, folder, say });
    const rows = await countFacts(warehouse.store);
    const most = isWanted(REBUILD) ? Math.min(MOST_REBUILDS, rounds) : 0;
    const built = await measureRebuilds(warehouse.store, most, say);
    const target = await oneSeenDifferently(warehouse.store);
    const answered: Answered[] = [];
    for (const question of questions(target).filter(({ name }) => isWanted(name))) {
      const coldMs: number[] = [];
      for (let round = 0; round < Math.min(MOST_COLD_ROUNDS, rounds); round++) {
        await warehouse.stop();
        dropPageCache(say);
        warehouse = await startBenchWarehouse(place, say);
        coldMs.push((await timed(question, warehouse.store)).ms);
      }
      const warm = [];
      for (let round = 0; round < rounds; round++) warm.push(await timed(question, warehouse.store));
      const { name, wantedMs } = question;
      answered.push({ name, wantedMs, rows: warm[0]?.rows ?? 0, coldMs, warmMs: warm.map(({ ms }) => ms) });
      say(`${name}: ${spreadOf(warm.map(({ ms }) => ms)).median.toFixed(0)} ms`);
    }
    return resultOf(rows, await sizes(warehouse), built, answered);
  } finally {
    await warehouse.stop();
  }
}

/** In turns with the engine's own aggregate. */
async function measureRebuilds(store: Store, rounds: number, say: (text: string) => void) {
  const before = rounds > 0 ? await fingerprint(store) : "";
  const rebuildSeconds: number[] = [];
  const aggregateSeconds: number[] = [];
  for (let round = 0; round < rounds; round++) {
    aggregateSeconds.push(await seconds(() => store.command(AGGREGATE, { campaign: CAMPAIGN })));
    rebuildSeconds.push(await seconds(() => rebuild(store, CAMPAIGN)));
    const [made, own] = [rebuildSeconds, aggregateSeconds].map((all) => all[round]?.toFixed(1));
    say(`rebuilding the rollups: ${made} s, the engine's own aggregate ${own} s`);
    const after = await fingerprint(store);
    if (after !== before) throw new Error(`the rollups were ${before} and are ${after} when made again`);
  }
  return { rebuildSeconds, aggregateSeconds };
}

async function fingerprint(store: Store): Promise<string> {
  const found: string[] = [];
  for (const sql of FINGERPRINTS) {
    for await (const { n, hash } of store.rows(sql, { campaign: CAMPAIGN })) found.push(`${n} rows ${hash}`);
  }
  return found.join(", ");
}

async function oneSeenDifferently(store: Store): Promise<string> {
  const sql = "SELECT address FROM disagreements WHERE campaign = {campaign:String} LIMIT 1";
  for await (const { address } of store.rows(sql, { campaign: CAMPAIGN })) return String(address);
  throw new Error("all vantage points see all targets alike");
}

async function timed(question: Question, store: Store): Promise<{ ms: number; rows: number }> {
  const begun = performance.now();
  const rows = await question.ask(store);
  return { ms: performance.now() - begun, rows };
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
}

async function sizes({ store }: BenchWarehouse) {
  const found: { table: string; rows: number; bytes: number }[] = [];
  const sql = `SELECT table, sum(rows) AS n, sum(bytes_on_disk) AS bytes FROM system.parts
    WHERE active AND table IN ('syn_replies', 'target_views', 'target_classes') AND database = currentDatabase()
    GROUP BY table ORDER BY bytes DESC`;
  for await (const { table, n, bytes } of store.rows(sql)) {
    found.push({ table: String(table), rows: Number(n), bytes: Number(bytes) });
  }
  return found;
}

function resultOf(
  facts: number,
  tables: Awaited<ReturnType<typeof sizes>>,
  { rebuildSeconds, aggregateSeconds }: Awaited<ReturnType<typeof measureRebuilds>>,
  answered: readonly Answered[],
): BenchResult {
  const ratio = rebuildSeconds.map((made, round) => made / (aggregateSeconds[round] ?? 0));
  return {
    name: "query",
    title: `${facts} replies of one campaign from ${VANTAGES.length} vantage points, ${EARLIER.length} smaller campaigns before it`,
    tables: [
      {
        head: ["question", "rows", "warm: median (quartiles)", "cold", "wanted"],
        rows: answered.map(({ name, rows, warmMs, coldMs, wantedMs }) => [
          name,
          `${rows}`,
          spreadText(warmMs, 0, "ms"),
          spreadText(coldMs, 0, "ms"),
          wantedMs === null ? "" : `under ${wantedMs} ms`,
        ]),
      },
      {
        head: [REBUILD, "median (quartiles)", "wanted"],
        rows: [
          ["made again, the same each time", spreadText(rebuildSeconds, 1, "s"), ""],
          ["the engine's own aggregate in order", spreadText(aggregateSeconds, 1, "s"), ""],
          ["ratio", spreadText(ratio, 2, "x"), `at most ${WANTED_RATIO}`],
        ],
      },
      {
        head: ["table", "rows", "bytes a row"],
        rows: tables.map(({ table, rows, bytes }) => [table, `${rows}`, (bytes / rows).toFixed(1)]),
      },
    ],
    figures: { facts, answered, rebuildSeconds, aggregateSeconds, ratio, tables },
  };
}
