import { randomUUID } from "node:crypto";
import { createWriteStream, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Clock } from "../lease/clock.js";
import type { Store } from "../store/store.js";
import type { FileKind } from "./entry.js";
import { type ImportReport, importFile } from "./import.js";

export interface EnrichDeskOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** A folder of its own: emptied now. It takes files while they are imported. */
  readonly folder: string;
}

/** Imports files that are sent to the coordinator, one after the other. */
export interface EnrichDesk {
  /** Rejects with UserError for a file that is not what it should be; see `importFile`. */
  import(
    content: Readable,
    request: { readonly kind: FileKind; readonly name: string; readonly date: string | null },
  ): Promise<ImportReport>;
}

export function createEnrichDesk({ store, clock, folder }: EnrichDeskOptions): EnrichDesk {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let last: Promise<unknown> = Promise.resolve();
  return {
    async import(content, { kind, name, date }) {
      const path = join(folder, randomUUID());
      try {
        await pipeline(content, createWriteStream(path, { mode: 0o600 }));
        const before = last;
        const own = before.then(() => importFile(store, clock, { kind, file: { path, name }, date }));
        // Who waits behind an import does not care how it ended.
        last = own.catch(() => undefined);
        return await own;
      } finally {
        rmSync(path, { force: true });
      }
    },
  };
}
