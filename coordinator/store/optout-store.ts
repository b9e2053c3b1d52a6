import { z } from "zod";
import type { OptOutStore } from "../optout/book.js";
import type { OptOutEvent } from "../optout/event.js";
import type { Store } from "./store.js";
import { clickhouseTime } from "./time.js";

const row = z.object({
  revision: z.number(),
  kind: z.enum(["add", "withdraw"]),
  prefix: z.string(),
  reason: z.string(),
  contact: z.string(),
  origin: z.string(),
  atMs: z.number(),
});

const EVENTS = `
  SELECT revision, kind, prefix, reason, contact, origin, toUnixTimestamp64Milli(\`at\`) AS atMs
  FROM optouts FINAL ORDER BY revision, prefix`;

/** The opt-outs' part of the database: a row for each prefix of each change. */
export function createOptOutStore(store: Store): OptOutStore {
  return {
    async optOutEvents() {
      const events = new Map<number, OptOutEvent>();
      for await (const found of store.rows(EVENTS)) {
        const { prefix, reason, ...about } = row.parse(found);
        const entries = events.get(about.revision)?.entries ?? [];
        entries.push({ prefix, reason });
        events.set(about.revision, { ...about, entries });
      }
      return [...events.values()];
    },
    saveOptOutEvents: (events) =>
      store.insertRows(
        "optouts",
        events.flatMap(({ entries, atMs, ...about }) =>
          entries.map((entry) => ({ ...about, ...entry, at: clickhouseTime(atMs) })),
        ),
      ),
  };
}
