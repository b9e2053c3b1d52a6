import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Store } from "../../../coordinator/store/store.js";
import { usageOf } from "../process.js";
import type { BenchOptions, BenchResult } from "../result.js";
import { atShare } from "../statistics.js";
import { startProgram } from "./ingest.js";
import { type MemorySample, type MemoryTrend, trendOf } from "./memory.js";
import { GO, type SoakCounts, type SoakTask, STOP } from "./messages.js";
import { type IngestSite, startIngestSite } from "./site.js";

const AGENTS = 20;
const ROWS_PER_SECOND = 20_000;
const WANTED_LAG_P99_MS = 5_000;
const SAMPLE_SECONDS = 5;
const LINE_SECONDS = 60;
/** After the last row; what is not committed then is called lost. */
const END_WITHIN_MS = 120_000;
const MB = 1e6;

/** A batch from its cut to its commit notice, and its rows. */
type Lag = readonly [ms: number, rows: number];

interface Stored {
  readonly rows: number;
  /** Rows by (batch, row). */
  readonly distinct: number;
  readonly batches: number;
}

/**
 * Agents that make rows at a steady rate for hours, with broker, `parallax ingest` and warehouse each a process of its
 * own: memory of each, time from the cut of a batch to its commit notice, and at the end every row in the table once.
 */
export async function benchSoak(options: BenchOptions): Promise<BenchResult> {
  const { hours, agents = AGENTS, rows: rowsPerSecond = ROWS_PER_SECOND, folder, say } = options;
  say(`enrolling ${agents} agents`);
  const site = await startIngestSite(join(folder, "site"), say, agents);
  try {
    const spools = join(folder, "spools");
    mkdirSync(spools);
    const where = { folder: spools, broker: site.broker.url, identities: site.identities };
    const measured = await measure(site, { ...where, rowsPerSecond, endWithinMs: END_WITHIN_MS }, hours, say);
    const stored = await readStored(site.store);
    return resultOf({ ...measured, stored, agents, rowsPerSecond, hours });
  } finally {
    await site.stop();
  }
}

async function measure(site: IngestSite, task: SoakTask, hours: number, say: (text: string) => void) {
  const fleet = startProgram("soak-agents", task);
  try {
    await fleet.message();
    const lags: Lag[] = [];
    let counts: SoakCounts = { rows: 0, batches: 0, committedRows: 0, committedBatches: 0, lags };
    let ended: string | null = null;
    const stopped = new Promise<void>((resolve) => {
      fleet.child.on("message", (message: SoakCounts | "stopped") => {
        if (message === "stopped") return resolve();
        counts = message;
        lags.push(...message.lags);
      });
      fleet.child.once("exit", () => {
        ended = fleet.printed();
        resolve();
      });
    });
    const memory = new Map<string, MemorySample[]>();
    fleet.child.send(GO);
    const begunMs = performance.now();
    const passed = (): number => (performance.now() - begunMs) / 1e3;
    let before: Minute = { rows: 0, lags: 0 };
    for (let look = 1; passed() < hours * 3_600 && ended === null; look++) {
      await sleep(Math.max(0, 1e3 * (look * SAMPLE_SECONDS - passed())));
      const pids = {
        ...{ agents: fleet.child.pid, broker: site.broker.pid },
        ...{ ingest: site.ingest.child.pid, warehouse: site.warehouse.pid() ?? 0 },
      };
      for (const [name, pid] of Object.entries(pids)) {
        const bytes = usageOf(pid)?.residentBytes ?? 0;
        memory.set(name, [...(memory.get(name) ?? []), { seconds: passed(), bytes }]);
      }
      if (look % (LINE_SECONDS / SAMPLE_SECONDS) === 0) {
        say(minuteLine(passed(), memory, lags.slice(before.lags), counts.committedRows - before.rows));
        before = { rows: counts.committedRows, lags: lags.length };
      }
    }
    if (ended === null) fleet.child.send(STOP);
    await stopped;
    if (ended !== null) throw new Error(`the agents ended early: ${ended}`);
    const trouble = [fleet.printed(), site.ingest.printed().replace(/.*ingest is up.*\n/, "")].join("").trim();
    return { memory, lags, counts, trouble };
  } finally {
    await fleet.kill();
  }
}

/** What was counted when the last line was printed. */
interface Minute {
  readonly rows: number;
  readonly lags: number;
}

function minuteLine(
  seconds: number,
  memory: ReadonlyMap<string, readonly MemorySample[]>,
  lags: readonly Lag[],
  rows: number,
): string {
  const resident = [...memory].map(([name, samples]) => `${name} ${megabytes(samples.at(-1)?.bytes ?? 0)}`);
  const load = readFileSync("/proc/loadavg", "latin1").split(" ")[0];
  const minute = `${(seconds / 60).toFixed(0)} min`.padStart(7);
  return `${minute}: ${resident.join(", ")}; lag ${lagText(lags)}; ${rows} rows committed; load ${load}`;
}

function lagText(lags: readonly Lag[]): string {
  if (lags.length === 0) return "none committed";
  const { p50, p99, most } = lagsOf(lags);
  return `p50 ${seconds(p50)}, p99 ${seconds(p99)}, max ${seconds(most)}`;
}

function lagsOf(lags: readonly Lag[]) {
  const all = lags.map(([ms]) => ms);
  return { p50: atShare(all, 0.5), p99: atShare(all, 0.99), most: atShare(all, 1) };
}

interface Measured {
  readonly memory: ReadonlyMap<string, readonly MemorySample[]>;
  readonly lags: readonly Lag[];
  readonly counts: SoakCounts;
  readonly stored: Stored;
  readonly trouble: string;
  readonly agents: number;
  readonly rowsPerSecond: number;
  readonly hours: number;
}

function resultOf({ memory, lags, counts, stored, trouble, agents, rowsPerSecond, hours }: Measured): BenchResult {
  const trends = new Map<string, MemoryTrend>([...memory].map(([name, samples]) => [name, trendOf(samples)]));
  const lag = lagsOf(lags);
  const lost = counts.rows - stored.distinct;
  const twice = stored.rows - stored.distinct;
  const rate = counts.rows / (hours * 3_600);
  const missed = [
    ...(lost === 0 ? [] : [`${lost} rows lost of ${counts.rows}`]),
    ...(twice === 0 ? [] : [`${twice} rows twice`]),
    ...(stored.batches === counts.batches ? [] : [`${stored.batches} batches stored of ${counts.batches}`]),
    ...(rate >= 0.99 * rowsPerSecond ? [] : [`the agents made only ${rate.toFixed(0)} rows/s`]),
    ...(lag.p99 < WANTED_LAG_P99_MS ? [] : [`lag p99 is ${seconds(lag.p99)}, not under ${seconds(WANTED_LAG_P99_MS)}`]),
    ...[...trends].flatMap(([name, { flat, warmBytes, endBytes }]) =>
      flat ? [] : [`memory of ${name} grew from ${megabytes(warmBytes)} to ${megabytes(endBytes)}`],
    ),
  ];
  return {
    name: "soak",
    title: `${counts.rows} replies in ${counts.batches} batches from ${agents} agents in ${hours} h, ${rate.toFixed(0)} rows/s`,
    tables: [
      {
        head: ["process", "warm", "end", "an hour", "flat"],
        rows: [...trends].map(([name, { warmBytes, endBytes, bytesPerHour, flat }]) => [
          ...[name, megabytes(warmBytes), megabytes(endBytes), megabytes(bytesPerHour)],
          flat ? "yes" : "no",
        ]),
      },
      {
        head: ["what", "", "wanted"],
        rows: [
          ["lag, median", seconds(lag.p50), ""],
          ["lag, p99", seconds(lag.p99), `under ${seconds(WANTED_LAG_P99_MS)}`],
          ["lag, longest", seconds(lag.most), ""],
          ["rows lost", `${lost}`, "0"],
          ["rows twice", `${twice}`, "0"],
          ["trouble that was told", trouble === "" ? "none" : (trouble.split("\n")[0] ?? ""), ""],
        ],
      },
    ],
    figures: {
      agents,
      rowsPerSecond,
      hours,
      counts: { ...counts, lags: [] },
      lag,
      lost,
      twice,
      trouble,
      memory: [...memory],
    },
    missed,
  };
}

/** A part of the batches after the other: what is held in memory stays small. */
async function readStored(store: Store): Promise<Stored> {
  let stored: Stored = { rows: 0, distinct: 0, batches: 0 };
  const parts = 16;
  for (let part = 0; part < parts; part++) {
    const sql = `
      SELECT sum(n) AS rows, sum(u) AS distinct, count() AS batches
      FROM (SELECT count() AS n, uniqExact(row) AS u FROM syn_replies
            WHERE cityHash64(batch) % ${parts} = {part:UInt8} GROUP BY batch)`;
    for await (const { rows, distinct, batches } of store.rows(sql, { part })) {
      stored = {
        rows: stored.rows + Number(rows),
        distinct: stored.distinct + Number(distinct),
        batches: stored.batches + Number(batches),
      };
    }
  }
  return stored;
}

function megabytes(bytes: number): string {
  return `${(bytes / MB).toFixed(0)} MB`;
}

function seconds(ms: number): string {
  return `${(ms / 1e3).toFixed(2)} s`;
}
