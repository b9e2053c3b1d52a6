import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorMessage, UserError } from "../../shared/errors.js";
import { csvOf } from "./csv.js";
import type { Drawing, ReportItem, ReportSection } from "./item.js";
import type { ReportHead } from "./read.js";
import { pageOf } from "./render/page.js";

interface WrittenReport {
  readonly head: ReportHead;
  readonly items: readonly ReportItem[];
  readonly sections: readonly ReportSection[];
  readonly drawing: Drawing;
}

/**
 * Writes `index.html` and a CSV file for each item that has rows. Resolves with the names of the files, the page first.
 * @throws UserError where the folder cannot be written
 */
export function writeReport(folder: string, { head, items, sections, drawing }: WrittenReport): string[] {
  const files: [name: string, content: string][] = [["index.html", pageOf(head, items, sections, drawing)]];
  for (const item of items) {
    const section = sections.find(({ id }) => id === item.id);
    if (section !== undefined && section.absent === null) {
      files.push([`${item.id}.csv`, csvOf(item.columns, section.rows)]);
    }
  }
  try {
    mkdirSync(folder, { recursive: true });
    for (const [name, content] of files) writeFileSync(join(folder, name), content);
  } catch (cause) {
    throw new UserError(`the report cannot be written to ${folder}: ${errorMessage(cause)}`, {
      remedy: "name a folder that you may write with --out",
      cause,
    });
  }
  return files.map(([name]) => name);
}
