import type { Store } from "./store.js";

const INSERT_ROWS = 20_000;

/** Collects rows of a table and inserts them in large blocks; the last one with `flush`. */
export interface RowWriter {
  write(row: Readonly<Record<string, unknown>>): Promise<void>;
  flush(): Promise<void>;
}

export function createRowWriter(store: Store, table: string): RowWriter {
  let rows: Readonly<Record<string, unknown>>[] = [];
  const flush = async () => {
    if (rows.length > 0) await store.insertRows(table, rows);
    rows = [];
  };
  return {
    flush,
    async write(row) {
      rows.push(row);
      if (rows.length >= INSERT_ROWS) await flush();
    },
  };
}
