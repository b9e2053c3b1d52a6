import type { Variant } from "../../shared/probe/variant.js";
import type { SourceRecord } from "../campaign/record.js";
import type { Lookups } from "../enrich/lookups.js";

export type Cell = string | number | null;
/** A row by column name; NULL is what nobody knows. */
export type Row = Readonly<Record<string, Cell>>;

/**
 * How cells of a column are shown. CSV files have them as they are: a `count` in full, a `share` from 0 to 1.
 * `number` is for what is no quantity, such as a port.
 */
export type ColumnKind = "text" | "code" | "number" | "count" | "share" | "decimal";

export interface Column {
  readonly name: string;
  readonly title: string;
  readonly kind: ColumnKind;
}

/** A campaign that is reported on. */
export interface ReportCampaign {
  readonly id: string;
  readonly series: string;
  /** `YYYY-MM-DD` of its start, UTC. */
  readonly date: string;
  readonly vantages: readonly string[];
  /** Those that its SYN scan sent. */
  readonly variants: readonly Variant[];
  /** Its target sources, canaries left out. */
  readonly sources: readonly Pick<SourceRecord, "id" | "pass" | "size" | "skipped">[];
}

export interface ReportContext {
  /** By their start. */
  readonly campaigns: readonly ReportCampaign[];
  readonly lookups: Lookups;
}

/** What figures are drawn with besides their rows. */
export interface Drawing {
  /** Outline of the land for maps (`readLand`), or null. */
  readonly land: string | null;
}

/** A table of the report: a statement, the columns of its result, and how a page shows them. */
export interface ReportItem {
  /** Name of its CSV file and its place on the page. */
  readonly id: string;
  readonly title: string;
  /** What is counted, in a sentence or two. */
  readonly about: string;
  readonly columns: readonly Column[];
  /**
   * `all`: one statement, with the parameters campaigns Array(String), by their start, and dates Array(String).
   * `each`: a statement for each campaign, with the parameters campaign String, variants Array(String) (those sent),
   * sources Array(String) and, for each of these, sizes and skips Array(UInt64); rows get a column `campaign` in front.
   */
  readonly over: "all" | "each";
  /** Null where there is nothing to ask. */
  sql(context: ReportContext): string | null;
  /** Makes the cells of `columns` from a row of the statement; it is that row unless said. */
  refine?(row: Row): Row;
  /** Columns whose values part the rows into tables of their own. */
  readonly split?: readonly string[];
  /** Rows of each table that the page shows; `others` sums up the count of the rest. */
  readonly top?: { readonly rows: number; readonly count?: string };
  /** Inline SVG of the rows. */
  figure?(rows: readonly Row[], drawing: Drawing): string;
  /** Why there are no rows, where that is so. */
  absent?(context: ReportContext): string | null;
}

/** An item with its rows. */
export interface ReportSection {
  readonly id: string;
  readonly rows: readonly Row[];
  /** Why there are none; null where there are. */
  readonly absent: string | null;
}

export const text = (name: string, title: string): Column => ({ name, title, kind: "text" });
export const code = (name: string, title: string): Column => ({ name, title, kind: "code" });
export const number = (name: string, title: string): Column => ({ name, title, kind: "number" });
export const count = (name: string, title: string): Column => ({ name, title, kind: "count" });
export const share = (name: string, title: string): Column => ({ name, title, kind: "share" });
export const decimal = (name: string, title: string): Column => ({ name, title, kind: "decimal" });

export const CAMPAIGN = text("campaign", "Campaign");
export const FAMILY = text("family", "Family");
export const PORT = number("port", "Port");
