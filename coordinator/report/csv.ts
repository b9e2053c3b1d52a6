import type { Column, Row } from "./item.js";

/** Rows as CSV (RFC 4180): a line of column names, CRLF, quotes where a cell needs them; NULL is an empty cell. */
export function csvOf(columns: readonly Pick<Column, "name">[], rows: readonly Row[]): string {
  const lines = [columns.map(({ name }) => name), ...rows.map((row) => columns.map(({ name }) => row[name] ?? null))];
  return lines.map((line) => `${line.map(csvCell).join(",")}\r\n`).join("");
}

function csvCell(value: string | number | null): string {
  const text = value === null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
