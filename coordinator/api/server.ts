import type { Server as HttpServer, RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import Fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { z } from "zod";
import { errorCode, errorMessage, UserError } from "../../shared/errors.js";
import type { Alarms } from "../alarm/alarms.js";
import { agentReports } from "../alarm/report.js";
import type { CampaignFile } from "../campaign/create.js";
import type { CampaignProgress } from "../campaign/progress.js";
import type { Campaigns } from "../campaign/runner.js";
import { readCanaries } from "../canary/read.js";
import type { CertificateDesk } from "../certificate/desk.js";
import { readDiff } from "../compare/diff.js";
import { readComparison, readExplanations } from "../compare/read.js";
import { dashboardRoutes } from "../dashboard/serve.js";
import type { EnrichDesk } from "../enrich/desk.js";
import type { Hitlists } from "../hitlist/hitlists.js";
import type { OperatorDesk } from "../identity/operators.js";
import type { RefusalLog } from "../identity/refusal-log.js";
import type { DeadLetter, Replayed } from "../ingest/dead.js";
import type { IngestStats } from "../ingest/ingest.js";
import { healthOf } from "../metrics/health.js";
import type { CoordinatorMetrics } from "../metrics/metrics.js";
import type { OptOutBook } from "../optout/book.js";
import type { ReplayDesk } from "../replay/desk.js";
import type { SeriesBook } from "../series/series.js";
import type { Drains } from "../session/drains.js";
import type { Fleet } from "../session/fleet.js";
import { createCanaryStore } from "../store/canary-store.js";
import type { Store } from "../store/store.js";
import { dashboardDataRoutes } from "./dashboard-routes.js";
import { dossierRoutes } from "./dossier-routes.js";
import { enrichRoutes } from "./enrich-routes.js";
import { fleetRoutes } from "./fleet.js";
import { type Gate, tokenGate } from "./gate.js";
import { guard } from "./guard.js";
import { type IdentityRoutes, identityRoutes } from "./identity-routes.js";
import { createOperatorPort, type OperatorPortOptions } from "./operator-port.js";
import { type OperatorRoutes, operatorRoutes } from "./operator-routes.js";
import { optOutRoutes } from "./opt-outs.js";
import { reportRoutes } from "./report-routes.js";
import { seriesRoutes } from "./series.js";
import { stream, withFailure } from "./stream.js";
import { type WarehouseAccess, warehouseRoutes } from "./warehouse-routes.js";

export interface ApiOptions {
  /** Loopback port; 0 for a free one. */
  readonly port: number;
  readonly operatorToken: string;
  /** Where operators with certificates are listened for as well; null: nowhere. Port 0 for a free one. */
  readonly elsewhere: (Pick<OperatorPortOptions, "tls" | "names"> & { host: string; port: number }) | null;
  readonly version: string;
  readonly campaigns: Campaigns;
  readonly hitlists: Hitlists;
  readonly fleet: Fleet;
  readonly alarms: Alarms;
  readonly optOuts: OptOutBook;
  readonly drains: Drains;
  readonly series: SeriesBook;
  readonly certificates: CertificateDesk;
  readonly store: Store;
  readonly replays: ReplayDesk;
  readonly enrichment: EnrichDesk;
  readonly ingest: () => IngestStats;
  readonly metrics: Pick<CoordinatorMetrics, "contentType" | "text" | "facts">;
  readonly identity: IdentityRoutes;
  readonly operators: Omit<OperatorRoutes, "desk"> & { readonly desk: OperatorDesk };
  readonly warehouse: WarehouseAccess;
  readonly refused: RefusalLog;
  /** Gets a line for each request that may change something, with who made it. */
  readonly writes: Pick<Logger, "info">;
  readonly dead: DeadLetterDesk;
}

/** What could not be inserted. */
export interface DeadLetterDesk {
  list(): AsyncIterable<DeadLetter>;
  /** All, or those of one batch. */
  replay(batch: string | null): AsyncIterable<Replayed>;
}

export interface Api {
  /** On loopback. */
  readonly url: string;
  /** Null when there is none. */
  readonly operatorsPort: number | null;
  stop(): Promise<void>;
}

/** A campaign file with all its prefixes and addresses; hitlists are streamed and not bound by it. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

const sentFile = z.strictObject({ id: z.string(), name: z.string() });
const campaignFile = z.strictObject({ text: z.string(), hitlist: sentFile.optional(), aliased: sentFile.optional() });
const replayRequest = z.strictObject({ apply: z.boolean().default(false) });
const deadRequest = z.strictObject({ batch: z.uuid().optional() });
const compareQuery = z.object({
  port: z.coerce.number().int().min(1).max(65_535).optional(),
  limit: z.coerce.number().int().min(1).max(1_000_000).optional(),
  everything: z.stringbool().default(false),
});

/** The operator's HTTP interface: JSON, on loopback for the token's holder, elsewhere for certificates. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const local = build(options, tokenGate(options.operatorToken));
  const port = await listen(local, "127.0.0.1", options.port, "--api-port");
  const url = `http://127.0.0.1:${port}`;
  if (options.elsewhere === null) return { url, operatorsPort: null, stop: () => local.close() };
  const { host, port: wanted, ...portOptions } = options.elsewhere;
  const operators = createOperatorPort({ ...portOptions, desk: options.operators.desk, refused: options.refused });
  const remote = build(options, operators.gate, operators.serve);
  const stop = async () => {
    operators.close();
    await Promise.all([local.close(), remote.close()]);
  };
  try {
    return { url, operatorsPort: await listen(remote, host, wanted, "--api-address"), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function build(options: ApiOptions, gate: Gate, serve?: (handler: RequestListener) => HttpServer): FastifyInstance {
  const server = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: true,
    // Elsewhere, who does not speak HTTP, or got no further than the handshake, gets no answer.
    ...(serve && { serverFactory: serve, clientErrorHandler: (_error, socket) => socket.destroy() }),
  });
  guard(server, { gate, refused: options.refused, writes: options.writes });
  server.setErrorHandler((error, _request, reply) => {
    if (error instanceof UserError) {
      return reply.code(error.exitCode === 2 ? 400 : 409).send({ error: error.message, remedy: error.remedy });
    }
    if (error instanceof z.ZodError) {
      const what = error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
      return reply.code(400).send({ error: what, remedy: "correct the request" });
    }
    const message = error instanceof Error ? error.message : String(error);
    return reply.code(500).send({ error: message, remedy: "see the coordinator's log" });
  });
  routes(server, options);
  return server;
}

/** Resolves with the port. Rejects with UserError when it cannot be opened; the server is closed then. */
async function listen(server: FastifyInstance, host: string, port: number, option: string): Promise<number> {
  try {
    await server.listen({ host, port });
  } catch (cause) {
    await server.close();
    const reason = errorCode(cause) === "EADDRINUSE" ? "is in use" : `cannot be opened (${errorMessage(cause)})`;
    throw new UserError(`port ${port} of ${host} ${reason}`, { remedy: `choose another one with ${option}`, cause });
  }
  return (server.server.address() as AddressInfo).port;
}

function routes(server: FastifyInstance, options: ApiOptions): void {
  const { campaigns, hitlists, fleet, alarms, store, replays, version, ingest, certificates, dead } = options;
  const id = (request: FastifyRequest) => z.object({ id: z.string() }).parse(request.params).id;
  server.addContentTypeParser("application/octet-stream", (_request, content, done) => done(null, content));
  server.post("/v1/files", async ({ body }) => {
    if (body instanceof Readable) return { id: await hitlists.receive(body) };
    throw new UserError("no file was sent", { remedy: "send it as application/octet-stream", exitCode: 2 });
  });
  server.get("/healthz", () => ({ status: "ok" }));
  server.get("/metrics", async (_request, reply) => {
    reply.type(options.metrics.contentType);
    return options.metrics.text();
  });
  server.get("/v1/health", async () => healthOf(await options.metrics.facts()));
  server.get("/v1/status", () => ({
    version,
    agents: fleet.list().length,
    ingest: ingest(),
    alarms: alarms.open(),
  }));
  dashboardRoutes(server);
  dashboardDataRoutes(server, options);
  identityRoutes(server, options.identity);
  operatorRoutes(server, options.operators);
  warehouseRoutes(server, options.warehouse);
  optOutRoutes(server, options);
  fleetRoutes(server, options);
  seriesRoutes(server, options);
  server.get("/v1/dead", async () => {
    const letters: DeadLetter[] = [];
    for await (const letter of dead.list()) letters.push(letter);
    return letters;
  });
  server.post("/v1/dead/replay", (request, reply) =>
    stream(dead.replay(deadRequest.parse(request.body).batch ?? null), reply),
  );
  server.get("/v1/agents", () => agentReports(fleet.list(), alarms.open()));
  server.get("/v1/campaigns", () => campaigns.list());
  server.post("/v1/campaigns", (request) => {
    const { text, hitlist, aliased } = campaignFile.parse(request.body);
    const file: CampaignFile = { text, ...(hitlist && { hitlist }), ...(aliased && { aliased }) };
    return campaigns.create(file);
  });
  server.post("/v1/campaigns/plan", { config: { reads: true } }, (request) => {
    const { text, hitlist, aliased } = campaignFile.parse(request.body);
    return campaigns.plan({ text, ...(hitlist && { hitlist }), ...(aliased && { aliased }) });
  });
  server.get("/v1/campaigns/:id/certificate", async (request, reply) => {
    const record = campaigns.record(id(request));
    reply.type("application/json");
    return certificates.textOf(record, campaigns.isSettled(record.id));
  });
  server.get("/v1/campaigns/:id/diff/:other", (request) => {
    const { other } = z.object({ other: z.string() }).parse(request.params);
    const [a, b] = [id(request), other].map((name) => campaigns.get(name));
    for (const campaign of [a, b]) requireCompared(campaign);
    return readDiff(store, a?.id ?? "", b?.id ?? "");
  });
  server.get("/v1/campaigns/:id", (request) => campaigns.get(id(request)));
  server.post("/v1/campaigns/:id/start", (request) => campaigns.start(id(request)));
  server.post("/v1/campaigns/:id/pause", (request) => campaigns.pause(id(request)));
  server.post("/v1/campaigns/:id/resume", (request) => campaigns.resume(id(request)));
  server.post("/v1/campaigns/:id/cancel", (request) => campaigns.cancel(id(request)));
  server.get("/v1/campaigns/:id/watch", (request, reply) => stream(campaigns.watch(id(request)), reply));
  server.post("/v1/campaigns/:id/replay", (request, reply) => {
    const { apply } = replayRequest.parse(request.body);
    return stream(withFailure(replays.replay(campaigns.get(id(request)).id, apply)), reply);
  });
  server.get("/v1/campaigns/:id/canaries", (request) =>
    readCanaries(createCanaryStore(store), campaigns.record(id(request))),
  );
  server.get("/v1/campaigns/:id/compare", (request) => {
    const { id: campaign, finishedAtMs } = requireCompared(campaigns.get(id(request)));
    const { port, limit, everything } = compareQuery.parse(request.query);
    return readComparison(store, {
      campaign,
      everything,
      untilMs: finishedAtMs ?? Date.now(),
      ...(port === undefined ? {} : { port }),
      ...(limit === undefined ? {} : { limit }),
    });
  });
  reportRoutes(server, { campaigns, store });
  dossierRoutes(server, { campaigns, store });
  enrichRoutes(server, { enrichment: options.enrichment, store });
  server.get("/v1/campaigns/:id/explain/:address", async (request) => {
    const { id: campaign, finishedAtMs } = campaigns.get(id(request));
    const { address } = z.object({ address: z.union([z.ipv4(), z.ipv6()]) }).parse(request.params);
    const found = await readExplanations(store, campaign, address, finishedAtMs ?? Date.now());
    if (found.length > 0) return found;
    throw new UserError(`nothing is known of ${address} in campaign ${campaign}`, {
      remedy: "it did not answer, was not asked, or the comparison is not made yet",
    });
  });
}

function requireCompared(progress: CampaignProgress | undefined): CampaignProgress {
  if (progress === undefined) throw new RangeError("no campaign");
  const { id, state } = progress;
  if (state !== "created" && state !== "running") return progress;
  throw new UserError(`campaign ${id} is ${state}: there is no comparison yet`, {
    remedy: `wait for its end with \`parallax campaign watch ${id}\``,
  });
}
