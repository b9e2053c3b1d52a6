import type { EvidenceTable } from "../../shared/batch/tables.js";

/** What the rules say of a row, by column; only columns that the rules decide. */
export type Findings = Readonly<Record<string, Finding>>;
export type Finding = string | number | null | readonly string[];

/** A row of a fact table, judged again. */
export interface JudgedRow {
  readonly stored: Findings;
  /** By the present rules; null where the row does not hold what they need. */
  readonly present: Findings | null;
  /** The columns of the table's `replayed_` twin that are taken over from the row. */
  readonly key: Readonly<Record<string, unknown>>;
}

/** How the rows of one fact table are judged again. */
export interface TableReplay {
  readonly table: EvidenceTable;
  /** SELECT list of what `judge` needs of a row. */
  readonly columns: string;
  /** Throws ZodError for a row that lacks a column. */
  judge(row: unknown): JudgedRow;
}
