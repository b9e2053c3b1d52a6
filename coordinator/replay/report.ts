import type { EvidenceTable } from "../../shared/batch/tables.js";
import type { Finding, Findings } from "./table-replay.js";

/** What `replay CAMPAIGN` answers; `--json` prints it as it is. */
export interface ReplayReport {
  readonly campaign: string;
  readonly ruleVersion: number;
  /** Whether comparisons use these verdicts from now on. */
  readonly applied: boolean;
  readonly tables: readonly TableCount[];
  /** Most frequent first. */
  readonly changes: readonly VerdictChange[];
  /** Changes of kinds beyond the first MOST_KINDS. */
  readonly otherChanges: number;
  /** Targets whose judgement over all vantage points came from rules of another version; `applied` has made it again. */
  readonly outdatedJudgements: number;
}

export interface TableCount {
  readonly table: EvidenceTable;
  readonly rows: number;
  /** Rows that the present rules judge otherwise than comparisons did so far. */
  readonly changed: number;
  /** Rows that do not hold what the rules need: their own verdict counts. */
  readonly kept: number;
}

/** One way in which rows change. Of a list, such as `changes`, one entry: `from` is empty where it is new. */
export interface VerdictChange {
  readonly table: EvidenceTable;
  readonly column: string;
  readonly from: string;
  readonly to: string;
  readonly rows: number;
}

const MOST_KINDS = 1_000;

/** Counts what a replay finds, in memory that does not grow with the rows. */
export interface ReplayTally {
  add(table: EvidenceTable, before: Findings, after: Findings, isKept: boolean): void;
  /** Rows so far. */
  readonly rows: number;
  tables(): TableCount[];
  changes(): Pick<ReplayReport, "changes" | "otherChanges">;
}

type Counted<T> = { -readonly [Key in keyof T]: T[Key] };

export function createReplayTally(tables: readonly EvidenceTable[]): ReplayTally {
  const counts = new Map(
    tables.map((table): [EvidenceTable, Counted<TableCount>] => [table, { table, rows: 0, changed: 0, kept: 0 }]),
  );
  const kinds = new Map<string, Counted<VerdictChange>>();
  let rows = 0;
  let otherChanges = 0;

  function count(change: Omit<VerdictChange, "rows">): void {
    const key = JSON.stringify(change);
    const known = kinds.get(key);
    if (known !== undefined) known.rows++;
    else if (kinds.size < MOST_KINDS) kinds.set(key, { ...change, rows: 1 });
    else otherChanges++;
  }

  return {
    get rows() {
      return rows;
    },
    add(table, before, after, isKept) {
      const counted = counts.get(table);
      if (counted === undefined) throw new RangeError(`${table} is not counted`);
      rows++;
      counted.rows++;
      if (isKept) counted.kept++;
      const found = differences(before, after);
      if (found.length > 0) counted.changed++;
      for (const change of found) count({ table, ...change });
    },
    tables: () => [...counts.values()],
    changes: () => ({ changes: [...kinds.values()].sort((a, b) => b.rows - a.rows), otherChanges }),
  };
}

/** What differs between two findings on one row: of a list entry by entry, of anything else as text. */
export function differences(
  before: Findings,
  after: Findings,
): { readonly column: string; readonly from: string; readonly to: string }[] {
  return Object.entries(before).flatMap(([column, old]) => {
    const [olds, nows] = [entriesOf(old), entriesOf(after[column] ?? null)];
    if (!Array.isArray(old)) {
      const [from = "", to = ""] = [olds[0], nows[0]];
      return from === to ? [] : [{ column, from, to }];
    }
    return [
      ...olds.filter((entry) => !nows.includes(entry)).map((from) => ({ column, from, to: "" })),
      ...nows.filter((entry) => !olds.includes(entry)).map((to) => ({ column, from: "", to })),
    ];
  });
}

function entriesOf(value: Finding): readonly string[] {
  if (value === null) return [];
  return typeof value === "string" || typeof value === "number" ? [String(value)] : value;
}
