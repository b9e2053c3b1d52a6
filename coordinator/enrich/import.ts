import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { UserError } from "../../shared/errors.js";
import type { NamedFile } from "../hitlist/text-file.js";
import type { Clock } from "../lease/clock.js";
import { createRowWriter, type RowWriter } from "../store/row-writer.js";
import type { Store } from "../store/store.js";
import { makeDictionaries } from "./dictionaries.js";
import { FILE_KINDS, type FileKind, TOPIC_TABLES, type Topic } from "./entry.js";
import { readFileOfKind } from "./read/index.js";

export interface ImportRequest {
  readonly kind: FileKind;
  readonly file: NamedFile;
  /** `YYYY-MM-DD` of the data; null for what the file says, or today. */
  readonly date: string | null;
}

/** What `enrich import` answers; `--json` prints it as it is. */
export interface ImportReport {
  readonly snapshot: number;
  readonly kind: FileKind;
  readonly date: string;
  readonly file: string;
  readonly rows: Readonly<Partial<Record<Topic, number>>>;
  /** What of the file could not be used, by the reason, most frequent first. */
  readonly leftOut: readonly { readonly reason: string; readonly entries: number; readonly example: string }[];
}

const EXAMPLE_CHARACTERS = 100;

/**
 * Imports a file as a snapshot of its own. Nothing uses it before it is complete; an import that fails leaves rows behind
 * that no snapshot names, and can be repeated.
 * @throws UserError for a file that is not of its kind, or holds nothing that can be used
 */
export async function importFile(
  store: Store,
  clock: Pick<Clock, "wallMs">,
  request: ImportRequest,
): Promise<ImportReport> {
  const { kind, file } = request;
  const snapshot = clock.wallMs();
  const content = readFileOfKind(kind, file);
  const writers = new Map<string, RowWriter>();
  const rows: Partial<Record<Topic, number>> = {};
  const leftOut = new Map<string, { entries: number; example: string }>();
  for await (const entry of content.entries) {
    if ("leftOut" in entry) {
      const known = leftOut.get(entry.leftOut);
      if (known !== undefined) known.entries++;
      else leftOut.set(entry.leftOut, { entries: 1, example: entry.example.slice(0, EXAMPLE_CHARACTERS) });
      continue;
    }
    const table = TOPIC_TABLES[entry.topic];
    const writer = writers.get(table) ?? createRowWriter(store, table);
    writers.set(table, writer);
    await writer.write({ snapshot, ...entry.row });
    rows[entry.topic] = (rows[entry.topic] ?? 0) + 1;
  }
  const sorted = [...leftOut]
    .map(([reason, counted]) => ({ reason, ...counted }))
    .sort((a, b) => b.entries - a.entries || (a.reason < b.reason ? -1 : 1));
  const topics = Object.entries(rows) as [Topic, number][];
  if (topics.length === 0) throw nothing(request, sorted[0]);
  const date = request.date ?? content.date ?? new Date(snapshot).toISOString().slice(0, 10);
  for (const writer of writers.values()) await writer.flush();
  const named = { snapshot, kind, date, file: file.name, sha256: await digest(file.path) };
  const left_out = sorted.reduce((sum, { entries }) => sum + entries, 0);
  await store.insertRows(
    "snapshots",
    topics.map(([topic, count]) => ({ ...named, topic, rows: count, left_out })),
  );
  await makeDictionaries(
    store,
    snapshot,
    topics.map(([topic]) => topic),
  );
  return { snapshot, kind, date, file: file.name, rows, leftOut: sorted };
}

function nothing({ kind, file }: ImportRequest, worst: ImportReport["leftOut"][number] | undefined): UserError {
  const why = worst === undefined ? "it is empty" : `${worst.reason}: ${JSON.stringify(worst.example)}`;
  return new UserError(`${file.name} holds nothing in the form of ${kind} (${why})`, {
    remedy: `check its kind: ${FILE_KINDS.join(", ")}`,
    exitCode: 2,
  });
}

async function digest(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
