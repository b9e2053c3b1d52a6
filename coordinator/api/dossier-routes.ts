import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Campaigns } from "../campaign/runner.js";
import type { Dossiers } from "../dossier/document.js";
import { readDossiers } from "../dossier/read.js";
import { lookupsOf, pinWords, readPins } from "../enrich/pins.js";
import { pinDate, reportCampaigns } from "../report/campaigns.js";
import type { Store } from "../store/store.js";

interface DossierRoutes {
  readonly campaigns: Pick<Campaigns, "record">;
  readonly store: Store;
}

const dossierQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1_000_000).optional(),
  asOf: z.iso.date().optional(),
});

/** The boxes that a campaign found. */
export function dossierRoutes(server: FastifyInstance, { campaigns, store }: DossierRoutes): void {
  server.get("/v1/campaigns/:id/dossiers", async ({ params, query }): Promise<Dossiers> => {
    const { id } = z.object({ id: z.string() }).parse(params);
    const { limit, asOf } = dossierQuery.parse(query);
    const chosen = reportCampaigns([campaigns.record(id)]);
    const date = asOf ?? pinDate(chosen);
    const pins = await readPins(store, date);
    const found = await readDossiers(store, {
      campaign: id,
      lookups: lookupsOf(pins, asOf),
      ...(limit !== undefined && { limit }),
    });
    return { ...found, knowledge: pinWords(pins, date) };
  });
}
