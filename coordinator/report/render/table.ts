import type { Cell, Column, ReportItem, Row } from "../item.js";
import { groupRows } from "./bars.js";
import { escapeHtml } from "./escape.js";
import { grouped, shown } from "./numbers.js";

/** Rows of a table that has no limit of its own; the CSV file has all. */
const MOST_ROWS = 50;
/** Cells with more characters are broken into lines; shorter ones never are, as addresses and dates read badly so. */
const LONGEST_UNBROKEN = 36;

/** The tables of an item: one, or one for each of the values of its `split` columns. */
export function tablesOf(item: ReportItem, rows: readonly Row[]): string {
  const { split = [], columns } = item;
  if (split.length === 0) return tableOf(item, columns, rows);
  const rest = columns.filter(({ name }) => !split.includes(name));
  return [...groupRows(rows, split)]
    .map(([title, own]) => `<h3>${escapeHtml(title)}</h3>${tableOf(item, rest, own, title)}`)
    .join("");
}

function tableOf({ title, top }: ReportItem, columns: readonly Column[], rows: readonly Row[], part = ""): string {
  const limit = top?.rows ?? MOST_ROWS;
  const visible = rows.slice(0, limit);
  const hidden = rows.slice(limit);
  const head = columns.map(
    (column) => `<th scope="col"${isRight(column) ? ' class="right"' : ""}>${escapeHtml(column.title)}</th>`,
  );
  const body = visible.map(
    (row) => `<tr>${columns.map((column) => cellOf(column, row[column.name] ?? null)).join("")}</tr>`,
  );
  if (hidden.length > 0) body.push(restOf(columns, hidden, top?.count));
  const name = escapeHtml(part === "" ? title : `${title}, ${part}`);
  return (
    `<div class="scroll" tabindex="0" role="region" aria-label="${name}"><table>` +
    `<thead><tr>${head.join("")}</tr></thead><tbody>${body.join("")}</tbody></table></div>`
  );
}

/** The last line: what the rows that are not shown come to. */
function restOf(columns: readonly Column[], hidden: readonly Row[], count: string | undefined): string {
  const words = `${grouped(hidden.length)} more`;
  if (count === undefined) return `<tr class="others"><td colspan="${columns.length}">${words} in the file</td></tr>`;
  const sum = hidden.reduce((total, row) => total + Number(row[count] ?? 0), 0);
  const label = columns.find(({ kind }) => kind === "text")?.name;
  const cells = columns.map((column) =>
    column.name === count
      ? cellOf(column, sum)
      : cellOf({ ...column, kind: "text" }, column.name === label ? `${words}` : ""),
  );
  return `<tr class="others">${cells.join("")}</tr>`;
}

function cellOf(column: Column, value: Cell): string {
  const text = shown(value, column.kind);
  const classes = [
    ...(isRight(column) ? ["right"] : []),
    ...(column.kind === "code" ? ["code"] : []),
    ...(text.length > LONGEST_UNBROKEN ? ["long"] : []),
  ];
  return `<td${classes.length === 0 ? "" : ` class="${classes.join(" ")}"`}>${escapeHtml(text)}</td>`;
}

function isRight({ kind }: Column): boolean {
  return kind !== "text" && kind !== "code";
}
