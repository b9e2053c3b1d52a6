import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { type AskTables, EXPORT_SETTINGS } from "./tables.js";

interface ExportTable {
  /** What it holds, in a few words. */
  readonly holds: string;
  /** A table whose rows are replaced, so that only the last of each key counts. */
  readonly final: boolean;
  /** Order of its rows: the table's own, which costs nothing. */
  readonly order: readonly string[];
}

const PER_TARGET = ["port", "target", "vantage"] as const;

/** Tables of a campaign that are exported, by name. */
export const EXPORT_TABLES = {
  syn_replies: { holds: "answers to SYNs", final: true, order: [...PER_TARGET, "variant", "batch", "row"] },
  trace_hops: { holds: "hops of traces", final: true, order: [...PER_TARGET, "variant", "ttl", "batch", "row"] },
  handshakes: { holds: "handshakes", final: true, order: [...PER_TARGET, "variant", "batch", "row"] },
  web_timings: { holds: "pages over MPTCP and TCP", final: true, order: [...PER_TARGET, "transport", "batch", "row"] },
  target_skips: { holds: "targets left out", final: true, order: ["source", "index", "batch", "row"] },
  coverage: { holds: "intervals asked", final: true, order: ["source", "kind", "epoch", "from"] },
  target_views: { holds: "what each vantage point saw of a target", final: true, order: PER_TARGET },
  path_changes: { holds: "where a path changes packets", final: true, order: [...PER_TARGET, "variant", "condition"] },
  target_classes: { holds: "judgement on each target", final: true, order: ["port", "target"] },
  middleboxes: { holds: "intervals where changes happen", final: false, order: ["condition", "after", "before"] },
} as const satisfies Record<string, ExportTable>;

export type ExportTableName = keyof typeof EXPORT_TABLES;
export const EXPORT_TABLE_NAMES = Object.keys(EXPORT_TABLES) as ExportTableName[];

/** Columns of raw bytes: readers of Parquet take a column of strings for text. */
const RAW_BYTES: ReadonlySet<string> = new Set(["options", "quote"]);

const column = z.object({ name: z.string(), type: z.string() });

/**
 * A table's rows of a campaign as a Parquet file, by the engine's own format: addresses and batch ids as text, raw bytes
 * in hexadecimal digits, everything else as the engine writes it.
 */
export async function parquetOf(ask: AskTables, campaign: string, table: ExportTableName): Promise<Readable> {
  const described = await ask(
    "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {table:String} ORDER BY position",
    "JSONEachRow",
    {
      parameters: { table },
      settings: EXPORT_SETTINGS,
    },
  );
  const lines = (await text(described)).split("\n").filter((line) => line !== "");
  const { final, order }: ExportTable = EXPORT_TABLES[table];
  const list = lines.map((line) => written(column.parse(JSON.parse(line))));
  const sql = `SELECT ${list.join(", ")} FROM ${table} AS t ${final ? "FINAL " : ""}WHERE t.campaign = {campaign:String}
    ORDER BY ${order.map((name) => `t.\`${name}\``).join(", ")}`;
  return ask(sql, "Parquet", {
    parameters: { campaign },
    settings: {
      ...EXPORT_SETTINGS,
      output_format_parquet_row_group_size: "100000",
      output_format_parquet_string_as_string: "1",
    },
  });
}

function written({ name, type }: z.output<typeof column>): string {
  const own = `t.\`${name}\``;
  if (type === "IPv6") return `replaceRegexpOne(toString(${own}), '^::ffff:', '') AS \`${name}\``;
  if (type === "UUID") return `toString(${own}) AS \`${name}\``;
  return RAW_BYTES.has(name) ? `lower(hex(${own})) AS \`${name}\`` : `${own} AS \`${name}\``;
}
