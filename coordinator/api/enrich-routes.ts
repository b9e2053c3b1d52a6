import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { UserError } from "../../shared/errors.js";
import type { EnrichDesk } from "../enrich/desk.js";
import { FILE_KINDS } from "../enrich/entry.js";
import { readSnapshots } from "../enrich/pins.js";
import type { Store } from "../store/store.js";

interface EnrichRoutes {
  readonly enrichment: EnrichDesk;
  readonly store: Store;
}

const importQuery = z.strictObject({
  kind: z.enum(FILE_KINDS),
  name: z.string().min(1).max(255),
  date: z.iso.date().optional(),
});

/** Imports of data on prefixes and networks, and what was imported so far. */
export function enrichRoutes(server: FastifyInstance, { enrichment, store }: EnrichRoutes): void {
  server.get("/v1/snapshots", () => readSnapshots(store));
  server.post("/v1/snapshots", async ({ body, query }) => {
    const { kind, name, date = null } = importQuery.parse(query);
    if (body instanceof Readable) return enrichment.import(body, { kind, name, date });
    throw new UserError("no file was sent", { remedy: "send it as application/octet-stream", exitCode: 2 });
  });
}
