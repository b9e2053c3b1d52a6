import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { GROUPINGS } from "../blackhole/groups.js";
import type { Campaigns } from "../campaign/runner.js";
import { scanVariants } from "../campaign/spec.js";
import { lookupsOf, pinWords, readPins } from "../enrich/pins.js";
import type { ExportedCampaign } from "../export/pto.js";
import { pinDate, reportCampaigns } from "../report/campaigns.js";
import { BLACKHOLE_ITEMS } from "../report/items/blackholes.js";
import { type ReportHead, readItem, readReport } from "../report/read.js";
import type { Store } from "../store/store.js";
import { stream, withFailure } from "./stream.js";

interface ReportRoutes {
  readonly campaigns: Pick<Campaigns, "record">;
  readonly store: Store;
}

const reportRequest = z.strictObject({
  campaigns: z.array(z.string()).min(1).max(1_000),
  asOf: z.iso.date().optional(),
});

const blackholeQuery = z.strictObject({ by: z.enum(GROUPINGS).default("vantage"), asOf: z.iso.date().optional() });

/** A line of the answer to a report: its head, then its items in their order. */
export function reportRoutes(server: FastifyInstance, { campaigns, store }: ReportRoutes): void {
  server.post("/v1/report", { config: { reads: true } }, (request, reply) => {
    const { campaigns: names, asOf } = reportRequest.parse(request.body);
    const chosen = reportCampaigns(names.map((name) => campaigns.record(name)));
    async function* lines() {
      const date = asOf ?? pinDate(chosen);
      const pins = await readPins(store, date);
      const head: ReportHead = { campaigns: chosen, knowledge: pinWords(pins, date) };
      yield { head };
      const context = { campaigns: chosen, lookups: lookupsOf(pins, asOf) };
      for await (const section of readReport(store, context)) yield { section };
    }
    return stream(withFailure(lines()), reply);
  });
  server.get("/v1/campaigns/:id/head", ({ params }): ExportedCampaign => {
    const { series, startedAtMs, finishedAtMs, spec } = campaigns.record(z.object({ id: z.string() }).parse(params).id);
    return { series, startedAtMs, finishedAtMs, variants: scanVariants(spec) };
  });
  server.get("/v1/campaigns/:id/blackholes", async (request) => {
    const { id } = z.object({ id: z.string() }).parse(request.params);
    const { by, asOf } = blackholeQuery.parse(request.query);
    const chosen = reportCampaigns([campaigns.record(id)]);
    const lookups = lookupsOf(await readPins(store, asOf ?? pinDate(chosen)));
    return readItem(store, { campaigns: chosen, lookups }, BLACKHOLE_ITEMS[by]);
  });
}
