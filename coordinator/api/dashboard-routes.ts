import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Alarms } from "../alarm/alarms.js";
import { agentReports } from "../alarm/report.js";
import type { Campaigns } from "../campaign/runner.js";
import type { Overview } from "../dashboard/overview.js";
import { readPlaces } from "../dashboard/places.js";
import { readClassCounts, readHopEvidence } from "../dashboard/read.js";
import type { IngestStats } from "../ingest/ingest.js";
import type { Fleet } from "../session/fleet.js";
import type { Store } from "../store/store.js";

interface DashboardSources {
  readonly campaigns: Pick<Campaigns, "list" | "get">;
  readonly fleet: Pick<Fleet, "list">;
  readonly alarms: Pick<Alarms, "open">;
  readonly store: Store;
  readonly version: string;
  readonly ingest: () => IngestStats;
}

const hopParameters = z.object({ id: z.string(), address: z.union([z.ipv4(), z.ipv6()]) });
const hopQuery = z.object({ port: z.coerce.number().int().min(1).max(65_535) });

/** What the dashboard asks for that nobody else does. */
export function dashboardDataRoutes(server: FastifyInstance, sources: DashboardSources): void {
  const { campaigns, fleet, alarms, store, version, ingest } = sources;
  // Asked for every second or two: all of it is in memory.
  server.get(
    "/v1/overview",
    (): Overview => ({
      version,
      nowMs: Date.now(),
      ingest: ingest(),
      agents: agentReports(fleet.list(), alarms.open()),
      campaigns: campaigns.list(),
      alarms: alarms.open(),
    }),
  );
  server.get("/v1/class-counts", () => readClassCounts(store));
  server.get("/v1/places", () => readPlaces(store, fleet.list()));
  server.get("/v1/campaigns/:id/hops/:address", ({ params, query }) => {
    const { id, address } = hopParameters.parse(params);
    return readHopEvidence(store, { campaign: campaigns.get(id).id, target: address, ...hopQuery.parse(query) });
  });
}
