import { columns } from "../../shared/cli/table.js";
import type { ReplayReport, TableCount } from "./report.js";

/** The report as text for a person, ending with a newline. */
export function printReplay(report: ReplayReport): string {
  const { campaign, ruleVersion, applied, tables, changes, otherChanges, outdatedJudgements } = report;
  const total = (of: (table: TableCount) => number): number => tables.reduce((sum, table) => sum + of(table), 0);
  const changed = total((table) => table.changed);
  const verb = applied ? "got" : "would get";
  const how = changed === 0 ? `none ${verb}` : `${number(changed)} ${verb}`;
  const lines = [
    `${campaign}: ${number(total((table) => table.rows))} rows judged again by rule version ${ruleVersion}, ${how} another verdict`,
    "",
    columns([
      ["table", "rows", "another verdict"],
      ...tables.map(({ table, rows, changed }) => [table, number(rows), number(changed)]),
    ]),
  ];
  if (changes.length > 0) {
    const rows = changes.map(({ table, column, from, to, rows }) => [
      table,
      column,
      from || "-",
      to || "-",
      number(rows),
    ]);
    lines.push("", columns([["table", "column", "from", "to", "rows"], ...rows]));
  }
  if (otherChanges > 0) lines.push("", `${number(otherChanges)} changes of other kinds are left out`);
  const kept = total((table) => table.kept);
  if (kept > 0) {
    lines.push(
      "",
      `${number(kept)} rows do not hold what the rules need, as of older agents: their own verdict counts`,
    );
  }
  if (outdatedJudgements > 0) {
    const now = applied ? "are judged again now" : "will be judged again when it is applied";
    lines.push("", `${number(outdatedJudgements)} targets were judged by rules of another version and ${now}`);
  }
  if (!applied && changed + outdatedJudgements > 0)
    lines.push("", `let comparisons use it with: parallax replay ${campaign} --apply`);
  return `${lines.join("\n")}\n`;
}

function number(value: number): string {
  return value.toLocaleString("en");
}
