import { existsSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AgentIdentity } from "../../../agent/identity/identity.js";
import type { Store } from "../../../coordinator/store/store.js";
import { type Running, start, usageOf } from "../process.js";
import type { BenchOptions, BenchResult } from "../result.js";
import { ratioOf, spreadOf } from "../statistics.js";
import { type AgentTask, type Done, type EngineTask, GO, type SoakTask } from "./messages.js";
import { CAMPAIGN, DATABASE, startBenchWarehouse, startIngestSite } from "./site.js";
import { copySpool, type FilledSpool, fillSpool, writeBlocks } from "./spool.js";

/** The engine alone is at its best with one of these many inserts at a time. */
const CONNECTIONS = [1, 2, 4];
const ROWS = 1_500_000;
const WANTED = { share: 0.5, rowsPerSecond: 300_000 };

interface Round {
  readonly rowsPerSecond: number;
  /** Of each process, a row. */
  readonly cpuUsPerRow: Readonly<Record<string, number>>;
}

interface ColumnBytes {
  readonly name: string;
  readonly type: string;
  readonly bytesPerRow: number;
}

/**
 * From an agent's spool over its publisher, the broker and ingest into the table, until the agent has heard that it is
 * committed; against the engine alone, which takes the same blocks from memory. In turns, each with fresh folders.
 */
export async function benchIngest({ rounds, rows = ROWS, folder, say }: BenchOptions): Promise<BenchResult> {
  say(`making batches of ${rows} rows`);
  const spool = await fillSpool(join(folder, "spool"), rows);
  const path: Round[] = [];
  const engine = CONNECTIONS.map((connections) => ({ connections, rounds: [] as Round[] }));
  let columns: ColumnBytes[] = [];
  for (let round = 0; round < rounds; round++) {
    // Each begins once, so that none always runs behind the same other.
    for (let i = 0; i <= engine.length; i++) {
      const contender = engine[(round + i) % (engine.length + 1)];
      if (contender === undefined) {
        const measured = await measurePath(spool, join(folder, "site"), say);
        path.push(measured.round);
        columns = measured.columns;
      } else contender.rounds.push(await measureEngine(spool, join(folder, "engine"), contender.connections, say));
    }
    const rates = [...engine.map((one) => one.rounds), path].map((all) => kilo(all[round]?.rowsPerSecond ?? 0));
    say(
      `round ${round + 1} of ${rounds}: engine with ${CONNECTIONS.join(", ")} inserts at a time, path: ${rates.join(", ")}`,
    );
  }
  const best = [...engine].sort((a, b) => spreadOf(ratesOf(b.rounds)).median - spreadOf(ratesOf(a.rounds)).median)[0];
  if (best === undefined) throw new RangeError("no rounds");
  const share = ratioOf(ratesOf(path), ratesOf(best.rounds));
  const rate = (name: string, all: readonly Round[], wanted: string) => {
    const { median, low, high } = spreadOf(ratesOf(all));
    return [name, kilo(median), `${kilo(low)} to ${kilo(high)}`, wanted];
  };
  return {
    name: "ingest",
    title: `${spool.rows} replies in ${spool.batches} batches of ${Math.round(spool.bytes / spool.batches)} bytes, ${rounds} rounds in turns`,
    tables: [
      {
        head: ["rows/s", "median", "quartiles", "wanted"],
        rows: [
          ...engine.map((one) => rate(`engine alone, ${one.connections} at a time`, one.rounds, "")),
          rate("publish to committed", path, `at least ${kilo(WANTED.rowsPerSecond)}`),
          [
            "share of the engine's best",
            share.median.toFixed(2),
            `${share.low.toFixed(2)} to ${share.high.toFixed(2)}`,
            `at least ${WANTED.share}`,
          ],
        ],
      },
      {
        head: ["process", "CPU a row"],
        rows: [path, best.rounds].flatMap((all) =>
          Object.keys(all[0]?.cpuUsPerRow ?? {}).map((name) => [
            name,
            `${spreadOf(all.map(({ cpuUsPerRow }) => cpuUsPerRow[name] ?? 0)).median.toFixed(2)} us`,
          ]),
        ),
      },
      {
        head: ["column", "type", "bytes a row"],
        rows: [
          ...columns.map(({ name, type, bytesPerRow }) => [name, type, bytesPerRow.toFixed(2)]),
          ["all", "", columns.reduce((sum, { bytesPerRow }) => sum + bytesPerRow, 0).toFixed(2)],
        ],
      },
    ],
    figures: { rows: spool.rows, batches: spool.batches, path, engine, share, columns },
  };
}

async function measurePath(spool: FilledSpool, folder: string, say: (text: string) => void) {
  const site = await startIngestSite(folder, say);
  try {
    const [identity] = site.identities as [AgentIdentity];
    const task: AgentTask = {
      spool: copySpool(spool, join(folder, "spool")),
      broker: site.broker.url,
      identity,
    };
    const agent = startProgram("agent", task);
    try {
      await agent.message();
      const pids = {
        broker: site.broker.pid,
        ingest: site.ingest.child.pid,
        warehouse: site.warehouse.pid() ?? 0,
      };
      const before = cpuOf(pids);
      agent.child.send(GO);
      const { seconds, cpuSeconds } = (await agent.message()) as Done;
      const after = cpuOf(pids);
      const stored = await countRows(site.store);
      if (stored !== spool.rows) throw new Error(`${stored} rows in the table of ${spool.rows} that are committed`);
      const taken = Object.keys(pids).map((name) => [name, (after[name] ?? 0) - (before[name] ?? 0)] as const);
      const cpuUsPerRow = perRow([["agent", cpuSeconds], ...taken], spool.rows);
      return { round: { rowsPerSecond: spool.rows / seconds, cpuUsPerRow }, columns: await readColumns(site.store) };
    } finally {
      await agent.kill();
    }
  } finally {
    await site.stop();
  }
}

async function measureEngine(
  spool: FilledSpool,
  folder: string,
  connections: number,
  say: (text: string) => void,
): Promise<Round> {
  const blocks = join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), `parallax-bench-${process.pid}`);
  try {
    const made = await startBenchWarehouse(folder, say);
    await made.stop();
    const task: EngineTask = { folder, database: DATABASE, blocks: writeBlocks(spool, blocks), connections };
    const engine = startProgram("engine", task);
    try {
      await engine.message();
      engine.child.send(GO);
      const { seconds, cpuSeconds } = (await engine.message()) as Done;
      await engine.kill();
      const again = await startBenchWarehouse(folder, say);
      const stored = await countRows(again.store).finally(again.stop);
      if (stored !== spool.rows) throw new Error(`the engine has ${stored} rows of ${spool.rows}`);
      return { rowsPerSecond: spool.rows / seconds, cpuUsPerRow: perRow([["engine alone", cpuSeconds]], spool.rows) };
    } finally {
      await engine.kill();
    }
  } finally {
    rmSync(blocks, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
  }
}

export function startProgram(
  name: "agent" | "engine" | "soak-agents",
  task: AgentTask | EngineTask | SoakTask,
): Running {
  const file = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  return start([process.execPath, file, JSON.stringify(task)], true);
}

function perRow(seconds: readonly (readonly [name: string, seconds: number])[], rows: number): Record<string, number> {
  return Object.fromEntries(seconds.map(([name, taken]) => [name, (1e6 * taken) / rows]));
}

/** CPU seconds so far by name; without those that are gone. */
function cpuOf(pids: Readonly<Record<string, number>>): Record<string, number> {
  const found = Object.entries(pids).map(([name, pid]) => [name, pid === 0 ? null : usageOf(pid)] as const);
  return Object.fromEntries(found.flatMap(([name, usage]) => (usage === null ? [] : [[name, usage.cpuSeconds]])));
}

async function countRows(store: Store): Promise<number> {
  for await (const row of store.rows("SELECT count() AS n FROM syn_replies")) return Number(row.n);
  return 0;
}

/** What the columns take on the disk when everything is merged, as it is some time after a campaign. */
async function readColumns(store: Store): Promise<ColumnBytes[]> {
  await store.command("OPTIMIZE TABLE syn_replies FINAL");
  const columns: ColumnBytes[] = [];
  const sql = `
    SELECT name, type, data_compressed_bytes / (SELECT count() FROM syn_replies WHERE campaign = {campaign:String}) AS bytes
    FROM system.columns WHERE database = {database:String} AND table = 'syn_replies' ORDER BY bytes DESC`;
  for await (const { name, type, bytes } of store.rows(sql, { database: DATABASE, campaign: CAMPAIGN })) {
    columns.push({ name: String(name), type: String(type), bytesPerRow: Number(bytes) });
  }
  return columns;
}

function ratesOf(all: readonly Round[]): number[] {
  return all.map(({ rowsPerSecond }) => rowsPerSecond);
}

function kilo(rate: number): string {
  return `${(rate / 1000).toFixed(0)} k/s`;
}
