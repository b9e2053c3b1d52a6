import type { OutputField } from "./field.js";
import type { ScannedReply } from "./reply.js";

export const OUTPUT_FORMATS = ["json", "csv"] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** How replies become lines of text; every line ends with a newline. */
export interface RowFormat {
  /** The line before the first row, or nothing. */
  readonly header: string;
  row(reply: ScannedReply): string;
}

export function createRowFormat(format: OutputFormat, fields: readonly OutputField[], headerRow: boolean): RowFormat {
  return format === "json" ? jsonLines(fields) : csvLines(fields, headerRow);
}

/** NDJSON. As with ZMap, a field that a reply does not have is left out. */
function jsonLines(fields: readonly OutputField[]): RowFormat {
  const columns = fields.map((field) => ({ key: `${JSON.stringify(field.name)}:`, field }));
  return {
    header: "",
    row(reply) {
      let line = "";
      for (const { key, field } of columns) {
        const value = field.value(reply);
        if (value === null) continue;
        // Text fields hold nothing that JSON would escape.
        line += `${line === "" ? "{" : ","}${key}${typeof value === "string" ? `"${value}"` : value}`;
      }
      return line === "" ? "{}\n" : `${line}}\n`;
    },
  };
}

/** As with ZMap: truth is 1 or 0, a field that a reply does not have is empty. */
function csvLines(fields: readonly OutputField[], headerRow: boolean): RowFormat {
  return {
    header: headerRow ? `${fields.map((field) => field.name).join(",")}\n` : "",
    row(reply) {
      let line = "";
      for (const [i, field] of fields.entries()) {
        const value = field.value(reply);
        if (i > 0) line += ",";
        if (value === null) continue;
        line += typeof value === "boolean" ? Number(value) : value;
      }
      return `${line}\n`;
    },
  };
}
