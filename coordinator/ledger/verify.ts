import { FACT_TABLES } from "../../shared/batch/tables.js";
import type { Store } from "../store/store.js";
import type { BatchDifference, LedgerReport, LedgerView } from "./report.js";

/** A line of a ledger, with whose it is. */
export interface LedgerEntry {
  readonly agent: string;
  readonly ledger: string;
  readonly line: number;
  readonly batch: string;
  readonly table: string;
  readonly rows: number;
  readonly leases: readonly string[];
}

/** Differences of each kind that a report lists. */
const MOST_EXAMPLES = 1_000;

/**
 * Holds the fact tables against the ledgers of a campaign: those that came into the table `ledger`, and `more`, read from
 * the agents themselves. Memory grows with the number of batches, not of rows.
 */
export async function verifyLedger(
  store: Pick<Store, "rows">,
  campaign: string,
  more: Iterable<LedgerEntry> = [],
): Promise<LedgerReport> {
  const entries = new Map<string, LedgerEntry>();
  const views = new Map<string, { agent: string; ledger: string; lines: Set<number> }>();
  const add = (entry: LedgerEntry) => {
    entries.set(entry.batch, entry);
    const key = `${entry.agent} ${entry.ledger}`;
    const view = views.get(key) ?? { agent: entry.agent, ledger: entry.ledger, lines: new Set() };
    view.lines.add(entry.line);
    views.set(key, view);
  };
  for await (const entry of readEntries(store, campaign)) add(entry);
  for (const entry of more) add(entry);

  const found = { batches: 0, rows: 0, rowsFinal: 0 };
  const [missing, twice, unknown] = [part(), part(), part()];
  let twiceFinal = 0;
  const seen = new Set<string>();
  for (const table of Object.keys(FACT_TABLES)) {
    for await (const batch of readBatches(store, campaign, table)) {
      found.batches++;
      found.rows += batch.rows;
      found.rowsFinal += batch.rowsFinal;
      const entry = entries.get(batch.batch);
      const isOurs = entry?.table === table && entry.agent === batch.agent && batch.beyond < entry.rows;
      const difference = { ...batch, table, made: entry?.rows ?? null, leases: entry?.leases ?? [] };
      if (isOurs) {
        seen.add(batch.batch);
        if (batch.found < entry.rows) missing.add(difference, entry.rows - batch.found);
      } else unknown.add(difference, batch.rows);
      if (batch.rows > batch.found) twice.add(difference, batch.rows - batch.found);
      twiceFinal += Math.max(0, batch.rowsFinal - batch.found);
    }
  }
  let madeRows = 0;
  for (const { batch, agent, table, rows, leases } of entries.values()) {
    madeRows += rows;
    if (!seen.has(batch)) {
      missing.add({ batch, agent, table, made: rows, found: 0, rows: 0, rowsFinal: 0, leases }, rows);
    }
  }
  const ledgers = [...views.values()].map(viewOf);
  const agents = ledgers.map(({ agent }) => agent);
  const sums = { missing: missing.sum(), twice: { ...twice.sum(), rowsFinal: twiceFinal }, unknown: unknown.sum() };
  const differences = sums.missing.batches + sums.twice.batches + twiceFinal + sums.unknown.batches;
  return {
    campaign,
    ok: differences === 0 && ledgers.every(({ gaps }) => gaps === 0),
    ledgers,
    restarted: [...new Set(agents.filter((agent, i) => agents.indexOf(agent) !== i))],
    made: { batches: entries.size, rows: madeRows },
    found,
    ...sums,
  };
}

async function* readEntries(store: Pick<Store, "rows">, campaign: string): AsyncGenerator<LedgerEntry> {
  const sql = `SELECT agent, toString(ledger) AS ledger, line, toString(made) AS batch, \`table\`, rows, leases
    FROM ledger FINAL WHERE campaign = {campaign:String}`;
  for await (const row of store.rows(sql, { campaign })) {
    yield {
      agent: String(row.agent),
      ledger: String(row.ledger),
      line: Number(row.line),
      batch: String(row.batch),
      table: String(row.table),
      rows: Number(row.rows),
      leases: Array.isArray(row.leases) ? row.leases.map(String) : [],
    };
  }
}

type FoundBatch = Pick<BatchDifference, "batch" | "agent" | "found" | "rows" | "rowsFinal"> & {
  /** The highest row number. */
  readonly beyond: number;
};

async function* readBatches(store: Pick<Store, "rows">, campaign: string, table: string): AsyncGenerator<FoundBatch> {
  const finals = new Map<string, number>();
  const sqlFinal = `SELECT toString(batch) AS batch, count() AS n FROM ${table} FINAL
    WHERE campaign = {campaign:String} GROUP BY batch`;
  for await (const row of store.rows(sqlFinal, { campaign })) finals.set(String(row.batch), Number(row.n));
  // A bitmap of 16,384 row numbers is 2 KB; a set of them is thirty times as large.
  const sql = `SELECT toString(batch) AS batch, any(agent) AS agent, count() AS n, groupBitmap(\`row\`) AS found,
      max(\`row\`) AS beyond
    FROM ${table} WHERE campaign = {campaign:String} GROUP BY batch`;
  for await (const row of store.rows(sql, { campaign })) {
    const batch = String(row.batch);
    yield {
      batch,
      agent: String(row.agent),
      rows: Number(row.n),
      found: Number(row.found),
      rowsFinal: finals.get(batch) ?? 0,
      beyond: Number(row.beyond),
    };
  }
}

function part() {
  const examples: BatchDifference[] = [];
  let [batches, rows] = [0, 0];
  return {
    add(difference: BatchDifference, count: number) {
      batches++;
      rows += count;
      if (examples.length < MOST_EXAMPLES) examples.push(difference);
    },
    sum: () => ({ batches, rows, examples }),
  };
}

function viewOf({ agent, ledger, lines }: { agent: string; ledger: string; lines: Set<number> }): LedgerView {
  let highest = -1;
  for (const line of lines) highest = Math.max(highest, line);
  return { agent, ledger, lines: lines.size, gaps: highest + 1 - lines.size };
}
