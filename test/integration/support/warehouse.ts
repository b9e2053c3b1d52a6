import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Layout, SINGLE_NODE } from "../../../coordinator/store/layout.js";
import { createStore, type Store } from "../../../coordinator/store/store.js";
import { startWarehouse, type Warehouse } from "../../../coordinator/warehouse/warehouse.js";

export const TOKENS = { reader: "reader-token", writer: "writer-token" } as const;

export interface TestWarehouse {
  readonly warehouse: Warehouse;
  /** With the right to write. */
  readonly store: Store;
  readonly folder: string;
  /** What the warehouse's parent was told, in order. */
  readonly events: readonly string[];
  stop(): Promise<void>;
}

interface TestWarehouseOptions {
  readonly folder?: string;
  readonly program?: string;
  readonly layout?: Layout;
}

/** A real warehouse process (from dist/), in a folder of its own unless one is given. */
export async function startTestWarehouse({
  folder = mkdtempSync(join(tmpdir(), "parallax-warehouse-")),
  program = join(process.cwd(), "dist/coordinator/warehouse/child.js"),
  layout = SINGLE_NODE,
}: TestWarehouseOptions = {}): Promise<TestWarehouse> {
  const events: string[] = [];
  const warehouse = await startWarehouse({
    folder,
    database: "parallax",
    port: 0,
    tokens: TOKENS,
    onEvent: (text) => events.push(text),
    program,
  });
  const store = createStore({
    url: warehouse.url,
    username: "parallax",
    password: TOKENS.writer,
    database: "parallax",
    layout,
  });
  return {
    warehouse,
    store,
    folder,
    events,
    stop: async () => {
      await store.close();
      await warehouse.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
