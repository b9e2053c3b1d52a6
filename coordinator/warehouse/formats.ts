/**
 * Formats whose chunks can be put one behind the other: name → lines of header that every chunk repeats. All others make
 * a whole document, or a binary header, per chunk and are answered from memory.
 */
const STREAMING: ReadonlyMap<string, number> = new Map([
  ["JSONEachRow", 0],
  ["JSONStringsEachRow", 0],
  ["JSONCompactEachRow", 0],
  ["JSONCompactEachRowWithNames", 1],
  ["JSONCompactEachRowWithNamesAndTypes", 2],
  ["NDJSON", 0],
  ["JSONLines", 0],
  ["TabSeparated", 0],
  ["TSV", 0],
  ["TSVRaw", 0],
  ["TabSeparatedRaw", 0],
  ["TabSeparatedWithNames", 1],
  ["TSVWithNames", 1],
  ["TabSeparatedWithNamesAndTypes", 2],
  ["TSVWithNamesAndTypes", 2],
  ["CSV", 0],
  ["CSVWithNames", 1],
  ["CSVWithNamesAndTypes", 2],
  ["RowBinary", 0],
  ["Native", 0],
]);

/** Lines of header per chunk of a format that streams; null for one that does not. */
export function repeatedHeaderLines(format: string): number | null {
  return STREAMING.get(format) ?? null;
}

/** Formats of binary files that the engine writes in pieces but that are whole only together: answered through the disk. */
const WHOLE_FILES: ReadonlySet<string> = new Set(["Parquet", "Arrow", "ArrowStream", "ORC"]);

/** True for a format whose result may be too large for memory, and is one file. */
export function isWholeFile(format: string): boolean {
  return WHOLE_FILES.has(format);
}

/** Media type of a format's result, as ClickHouse sends it. */
export function contentType(format: string): string {
  if (/^JSON($|Compact$|Strings$|ColumnsWithMetadata$)/.test(format)) return "application/json; charset=UTF-8";
  if (/^(JSON|NDJSON)/.test(format)) return "application/x-ndjson; charset=UTF-8";
  if (/^(TabSeparated|TSV)/.test(format)) return "text/tab-separated-values; charset=UTF-8";
  if (/^CSV/.test(format)) return "text/csv; charset=UTF-8; header=absent";
  return /^(RowBinary|Native|Parquet|Arrow|ORC)/.test(format)
    ? "application/octet-stream"
    : "text/plain; charset=UTF-8";
}

/** Leaves the header lines away from every chunk but the first. */
export async function* withoutRepeatedHeaders(chunks: AsyncIterable<Buffer>, lines: number): AsyncGenerator<Buffer> {
  let first = true;
  for await (const chunk of chunks) {
    yield first ? chunk : chunk.subarray(afterLines(chunk, lines));
    first = false;
  }
}

function afterLines(chunk: Buffer, lines: number): number {
  let at = 0;
  for (let i = 0; i < lines; i++) at = chunk.indexOf(0x0a, at) + 1;
  return at;
}
