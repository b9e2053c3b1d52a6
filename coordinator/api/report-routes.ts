import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Campaigns } from "../campaign/runner.js";
import { NO_LOOKUPS } from "../enrich/lookups.js";
import { reportCampaigns } from "../report/campaigns.js";
import { type ReportHead, readReport } from "../report/read.js";
import type { Store } from "../store/store.js";
import { stream, withFailure } from "./stream.js";

interface ReportRoutes {
  readonly campaigns: Pick<Campaigns, "record">;
  readonly store: Store;
}

const reportRequest = z.strictObject({ campaigns: z.array(z.string()).min(1).max(1_000) });

/** A line of the answer to a report: its head, then its items in their order. */
export function reportRoutes(server: FastifyInstance, { campaigns, store }: ReportRoutes): void {
  server.post("/v1/report", (request, reply) => {
    const { campaigns: names } = reportRequest.parse(request.body);
    const chosen = reportCampaigns(names.map((name) => campaigns.record(name)));
    const head: ReportHead = { campaigns: chosen, knowledge: ["nothing: no data was imported"] };
    async function* lines() {
      yield { head };
      for await (const section of readReport(store, { campaigns: chosen, lookups: NO_LOOKUPS })) yield { section };
    }
    return stream(withFailure(lines()), reply);
  });
}
