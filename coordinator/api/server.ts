import { timingSafeEqual } from "node:crypto";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import Fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
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
import type { EnrichDesk } from "../enrich/desk.js";
import type { Hitlists } from "../hitlist/hitlists.js";
import type { DeadLetter, Replayed } from "../ingest/dead.js";
import type { IngestStats } from "../ingest/ingest.js";
import type { OptOutBook } from "../optout/book.js";
import type { ReplayDesk } from "../replay/desk.js";
import type { SeriesBook } from "../series/series.js";
import type { Drains } from "../session/drains.js";
import type { Fleet } from "../session/fleet.js";
import { createCanaryStore } from "../store/canary-store.js";
import type { Store } from "../store/store.js";

import { enrichRoutes } from "./enrich-routes.js";
import { fleetRoutes } from "./fleet.js";
import { type IdentityRoutes, identityRoutes } from "./identity-routes.js";

import { optOutRoutes } from "./opt-outs.js";
import { reportRoutes } from "./report-routes.js";
import { seriesRoutes } from "./series.js";
import { stream, withFailure } from "./stream.js";

export interface ApiOptions {
  /** Loopback port; 0 for a free one. */
  readonly port: number;
  readonly operatorToken: string;
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
  readonly identity: IdentityRoutes;
  readonly dead: DeadLetterDesk;
}

/** What could not be inserted. */
export interface DeadLetterDesk {
  list(): AsyncIterable<DeadLetter>;
  /** All, or those of one batch. */
  replay(batch: string | null): AsyncIterable<Replayed>;
}

export interface Api {
  readonly url: string;
  stop(): Promise<void>;
}

const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);
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

/** The operator's HTTP interface: JSON, loopback only, a token for every call but /healthz. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const server = Fastify({ bodyLimit: MAX_BODY_BYTES, forceCloseConnections: true });
  guard(server, options.operatorToken);
  routes(server, options);
  identityRoutes(server, options.identity);
  try {
    await server.listen({ host: "127.0.0.1", port: options.port });
  } catch (cause) {
    await server.close();
    const reason = errorCode(cause) === "EADDRINUSE" ? "is in use" : `cannot be opened (${errorMessage(cause)})`;
    throw new UserError(`port ${options.port} ${reason}`, { remedy: "choose another one with --api-port", cause });
  }
  const { port } = server.server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, stop: () => server.close() };
}

/** Token and Host are looked at before anything else: a page in a browser can send requests here, but not these. */
function guard(server: FastifyInstance, token: string): void {
  server.addHook("onRequest", async (request, reply) => {
    const host = (request.headers.host ?? "").replace(/:\d+$/, "");
    if (!LOOPBACK.has(host)) {
      return reply.code(403).send({ error: `the host ${host} is not this one`, remedy: "use 127.0.0.1" });
    }
    if (request.url !== "/healthz" && !hasToken(request, token)) {
      return reply.code(401).send({
        error: "the operator's token is wrong or missing",
        remedy: "send the content of operator.token as Authorization: Bearer",
      });
    }
    return undefined;
  });
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
}

function hasToken(request: FastifyRequest, token: string): boolean {
  const given = Buffer.from((request.headers.authorization ?? "").replace(/^Bearer /, ""));
  const wanted = Buffer.from(token);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
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
  server.get("/v1/status", () => ({
    version,
    agents: fleet.list().length,
    ingest: ingest(),
    alarms: alarms.open(),
  }));
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
  server.post("/v1/campaigns/plan", (request) => {
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
    const { id: campaign } = requireCompared(campaigns.get(id(request)));
    const { port, limit, everything } = compareQuery.parse(request.query);
    return readComparison(store, {
      campaign,
      everything,
      ...(port === undefined ? {} : { port }),
      ...(limit === undefined ? {} : { limit }),
    });
  });
  reportRoutes(server, { campaigns, store });
  enrichRoutes(server, { enrichment: options.enrichment, store });
  server.get("/v1/campaigns/:id/explain/:address", async (request) => {
    const campaign = campaigns.get(id(request)).id;
    const { address } = z.object({ address: z.union([z.ipv4(), z.ipv6()]) }).parse(request.params);
    const found = await readExplanations(store, campaign, address);
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
