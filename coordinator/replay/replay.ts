import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { EvidenceTable } from "../../shared/batch/tables.js";
import { RULE_VERSION } from "../../shared/verdict/rules.js";
import type { CampaignRecord } from "../campaign/record.js";
import type { Clock } from "../lease/clock.js";
import { createRowWriter } from "../store/row-writer.js";
import type { Parameters, Store } from "../store/store.js";
import { createHandshakeReplay } from "./handshakes.js";
import { FACTS_OF_CAMPAIGN, JUDGED_COLUMNS, withReplayed } from "./present.js";
import { createReplayTally, differences, type ReplayReport } from "./report.js";
import { createSynReplyReplay } from "./syn-replies.js";
import type { Finding, Findings, TableReplay } from "./table-replay.js";
import { createTraceHopReplay } from "./trace-hops.js";

export interface ReplayOptions {
  readonly store: Store;
  readonly record: Pick<CampaignRecord, "id" | "secret" | "spec">;
  /** Comparisons shall use the verdicts; else they are only counted. */
  readonly apply: boolean;
  /** Makes views and judgements again. */
  readonly rebuild: () => Promise<void>;
  readonly clock: Clock;
}

export type ReplayEvent =
  | { readonly progress: { readonly step: "judging" | "comparing"; readonly rows: number; readonly of: number } }
  | { readonly report: ReplayReport };

const PROGRESS_EVERY_MS = 500;

/**
 * Judges all rows of a campaign again by the present rules, from the evidence that they keep. Yields where it stands
 * about twice a second, and last the report. Whoever stops reading stops it.
 *
 * What it changes lies beside the rows under the replay's own number, and counts from the moment on in which the replay
 * itself is entered as the campaign's last one: before that nothing has changed, and what an interrupted replay left is
 * removed by the next. The rows are never touched, and the same rules make the same of them every time.
 */
export async function* replayCampaign(options: ReplayOptions): AsyncGenerator<ReplayEvent> {
  const { store, record, apply, clock } = options;
  const campaign = record.id;
  const replays = tableReplays(record);
  const tally = createReplayTally(replays.map(({ table }) => table));
  const of = await rowsOf(store, campaign, replays);
  const replay = Math.max(Math.floor(clock.wallMs()), (await lastReplay(store, campaign)) + 1);
  let shownAtMs = clock.monotonicMs();
  for (const one of replays) {
    const writer = createRowWriter(store, `replayed_${one.table}`);
    const sql = `SELECT ${one.columns}, ${REPLAYED[one.table]} FROM (${withReplayed(one.table)})`;
    for await (const row of store.rows(sql, { campaign })) {
      const { stored, present, key } = one.judge(row);
      const after = present ?? stored;
      tally.add(one.table, soFar(one.table, row, stored), after, present === null);
      if (apply && differences(stored, after).length > 0) await writer.write({ ...key, ...after, campaign, replay });
      if (clock.monotonicMs() - shownAtMs < PROGRESS_EVERY_MS) continue;
      shownAtMs = clock.monotonicMs();
      yield { progress: { step: "judging", rows: tally.rows, of } };
    }
    await writer.flush();
  }
  const outdatedJudgements = await number(store, OUTDATED_JUDGEMENTS, { campaign, rules: RULE_VERSION });
  if (apply) {
    const tables = tally.tables();
    const changed = tables.reduce((sum, table) => sum + table.changed, 0);
    const entry = { campaign, replay, rule_version: RULE_VERSION, rows: tally.rows, changed };
    yield* whileRunning(enter(options, entry), { progress: { step: "comparing", rows: tally.rows, of } });
  }
  const found = { tables: tally.tables(), ...tally.changes(), outdatedJudgements };
  yield { report: { campaign, ruleVersion: RULE_VERSION, applied: apply, ...found } };
}

function tableReplays({ secret, spec }: ReplayOptions["record"]): TableReplay[] {
  const { synscan, tracebox } = spec.stages;
  return [
    createSynReplyReplay(secret, synscan.options),
    createTraceHopReplay(secret, (tracebox ?? synscan).options),
    createHandshakeReplay(secret),
  ];
}

/** What the last replay said, of a row as `withReplayed` reads it. */
const REPLAYED = Object.fromEntries(
  Object.entries(JUDGED_COLUMNS).map(([table, columns]) => [
    table,
    ["last_replay", ...columns.map((column) => `replayed_${column}`)].join(", "),
  ]),
) as Record<EvidenceTable, string>;

/** The findings that count until now: the row's own, or those of the last replay. */
function soFar(table: EvidenceTable, row: Readonly<Record<string, unknown>>, stored: Findings): Findings {
  if (row.last_replay === 0) return stored;
  return Object.fromEntries(JUDGED_COLUMNS[table].map((column) => [column, row[`replayed_${column}`] as Finding]));
}

const count = z.object({ n: z.number() });

async function rowsOf(store: Store, campaign: string, replays: readonly TableReplay[]): Promise<number> {
  let rows = 0;
  for (const { table } of replays) {
    rows += await number(store, `SELECT count() AS n FROM ${table} WHERE ${FACTS_OF_CAMPAIGN}`, { campaign });
  }
  return rows;
}

function lastReplay(store: Store, campaign: string): Promise<number> {
  return number(store, "SELECT max(replay) AS n FROM replays WHERE campaign = {campaign:String}", { campaign });
}

const OUTDATED_JUDGEMENTS =
  "SELECT count() AS n FROM target_classes FINAL WHERE campaign = {campaign:String} AND rule_version != {rules:UInt16}";

async function number(store: Store, sql: string, parameters: Parameters): Promise<number> {
  for await (const row of store.rows(sql, parameters)) return count.parse(row).n;
  return 0;
}

/** Makes a replay the campaign's last one, and everything that follows from the verdicts anew. */
async function enter(
  { store, rebuild }: ReplayOptions,
  entry: { readonly campaign: string; readonly replay: number } & Record<string, string | number>,
): Promise<void> {
  const { campaign, replay } = entry;
  await store.insertRows("replays", [entry]);
  for (const table of Object.keys(JUDGED_COLUMNS)) {
    await store.removeRows(`replayed_${table}`, "campaign = {campaign:String} AND replay != {replay:UInt64}", {
      campaign,
      replay,
    });
  }
  await rebuild();
}

/** Yields `event` about twice a second until the work is done, which it waits for also when nobody reads any more. */
async function* whileRunning(work: Promise<void>, event: ReplayEvent): AsyncGenerator<ReplayEvent> {
  let isOver = false;
  const over = work.finally(() => {
    isOver = true;
  });
  try {
    for (;;) {
      const pause = new AbortController();
      const timer = sleep(PROGRESS_EVERY_MS, undefined, { signal: pause.signal }).catch(() => undefined);
      await Promise.race([over, timer]);
      pause.abort();
      if (isOver) return;
      yield event;
    }
  } finally {
    await over;
  }
}
