import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import { DEFAULT_TIMING } from "../../shared/lease/protocol.js";
import { type MetricsAddress, serveMetrics } from "../../shared/metrics/server.js";
import { openAlarms } from "../alarm/alarms.js";
import { watchForUnheard } from "../alarm/unheard.js";
import { hostText } from "../api/operator-port.js";
import { startApi } from "../api/server.js";
import { startBroker } from "../broker/broker.js";
import { dialBroker } from "../broker/dial.js";
import { createBrokerRevocations } from "../broker/revocations.js";
import { ensureStreams } from "../broker/streams.js";
import { createCampaigns } from "../campaign/runner.js";
import { createCertificateDesk } from "../certificate/desk.js";
import { openCertificateKey } from "../certificate/key.js";
import { createControl } from "../control/control.js";
import { createEnrichDesk } from "../enrich/desk.js";
import { createHitlists } from "../hitlist/hitlists.js";
import { createRefusalLog } from "../identity/refusal-log.js";
import { openIdentity } from "../identity/service.js";
import { createTokenDesk, type TokenDesk } from "../identity/tokens.js";
import { listDead, replayDead } from "../ingest/dead.js";
import { startIngest } from "../ingest/ingest.js";
import type { Clock } from "../lease/clock.js";
import { timedInserts } from "../metrics/inserts.js";
import { createCoordinatorMetrics } from "../metrics/metrics.js";
import { openOptOuts } from "../optout/book.js";
import { createReplayDesk } from "../replay/desk.js";
import { openSeries } from "../series/series.js";
import { openDrains } from "../session/drains.js";
import { startEnrolmentServer } from "../session/enrolment-server.js";
import { createFleet } from "../session/fleet.js";
import { startSessionServer } from "../session/server.js";
import { createAlarmStore } from "../store/alarm-store.js";
import { createCampaignStore } from "../store/campaign-store.js";
import { createCanaryStore } from "../store/canary-store.js";
import { createCertificateStore } from "../store/certificate-store.js";
import { migrate, readMigrations } from "../store/migrate.js";
import { createOptOutStore } from "../store/optout-store.js";
import { createStore } from "../store/store.js";
import { createVantageStore } from "../store/vantage-store.js";
import { keepVantages } from "../vantage/book.js";
import { relayReferences } from "../vantage/references.js";
import { startWarehouse } from "../warehouse/warehouse.js";
import { openState, type Running, type StateFolder } from "./state.js";

export interface UpOptions {
  /** Data folder; made when missing. */
  readonly data: string;
  /** 0 for a free one. The API and the warehouse are on loopback. */
  readonly ports: {
    readonly api: number;
    readonly warehouse: number;
    readonly agents: number;
    readonly enrolment: number;
    readonly broker: number;
  };
  /** Address on which agents' ports listen; loopback by default. */
  readonly listen?: string;
  /** Names and addresses that agents use, the first of them in tokens; this machine's own by default. */
  readonly publicNames?: readonly string[];
  /** Where the API listens for operators with certificates as well; port 0 for a free one. */
  readonly apiAddress?: { readonly host: string; readonly port: number };
  /** Where metrics are served besides the API, to whoever reaches it; port 0 for a free one. */
  readonly metricsAddress?: MetricsAddress;
  /** How long agents' certificates hold, in milliseconds. */
  readonly certificateLifetimeMs?: number;
  readonly version: string;
  readonly log: Logger;
  /** Gets a line for each request to the API that may change something. */
  readonly writes: Pick<Logger, "info">;
  /** The coordinator cannot go on; it should be stopped. */
  readonly onFatal: (reason: string) => void;
}

export interface Parallax {
  readonly state: StateFolder;
  readonly where: Omit<Running, "pid">;
  /** Ports that agents connect to. */
  readonly agentsPort: number;
  readonly enrolmentPort: number;
  readonly brokerPort: number;
  readonly tokens: TokenDesk;
  stop(): Promise<void>;
}

const LOOPBACK = "127.0.0.1";
/** Addresses to listen on, none to connect to. */
const EVERYWHERE = new Set(["0.0.0.0", "::"]);
/** How often is looked whether a series has a run to begin. */
const SERIES_TICK_MS = 1_000;
/** How often what agents found out about themselves is stored. */
const VANTAGES_SAVE_MS = 1_000;
const DATABASE = "parallax";
const INGEST_CONCURRENCY = 4;
/** Older agents do not speak this session protocol. */
const OLDEST_AGENT = "0.1.0";

/**
 * Starts a whole coordinator, each part on what is up already. When one fails, those before it are stopped again.
 * @throws UserError from the part that cannot start
 */
export async function startParallax(options: UpOptions): Promise<Parallax> {
  const { log, ports, listen = LOOPBACK, publicNames = [] } = options;
  const nowMs = () => Date.now();
  const state = openState(options.data);
  state.claim();
  const stops: (() => Promise<void>)[] = [async () => state.release()];
  const stop = async () => {
    const problems: unknown[] = [];
    for (const end of stops.splice(0).reverse()) await end().catch((error: unknown) => problems.push(error));
    if (problems.length > 0) log.error({ err: problems[0] }, "not everything could be stopped in order");
  };
  try {
    const { certificateLifetimeMs, apiAddress } = options;
    const identity = await openIdentity({
      data: options.data,
      publicNames,
      nowMs,
      ...(certificateLifetimeMs === undefined ? {} : { certificateLifetimeMs }),
    });
    const { desk, tls } = identity;
    const refused = createRefusalLog(log, nowMs);
    const broker = await startBroker({
      folder: join(options.data, "broker"),
      host: listen,
      port: ports.broker,
      tls,
      accounts: await identity.brokerAccounts(),
      onExit: (reason) => options.onFatal(`nats-server ended (${reason})`),
    });
    stops.push(() => broker.stop());
    const revocations = createBrokerRevocations({
      url: broker.url,
      client: identity.brokerClients.system,
      accounts: identity.brokerAccounts,
      report: (problem) => log.warn(problem),
    });
    stops.push(() => revocations.close());
    desk.onChange(revocations.changed);
    const writerToken = randomBytes(24).toString("base64url");
    const warehouse = await startWarehouse({
      folder: join(options.data, "warehouse"),
      database: DATABASE,
      port: ports.warehouse,
      tokens: { reader: state.token("operator"), writer: writerToken },
      onEvent: (text) => log.warn(text),
    });
    stops.push(() => warehouse.stop());
    const store = createStore({
      url: warehouse.url,
      username: DATABASE,
      password: writerToken,
      database: DATABASE,
    });
    stops.push(() => store.close());
    await migrate(store, readMigrations());
    const connection = await dialBroker(broker.url, identity.brokerClients.coordinator);
    stops.push(() => connection.close());
    await ensureStreams(connection);
    const metrics = createCoordinatorMetrics(options.version);
    const ingest = await startIngest({
      connection,
      store: timedInserts(store, metrics.insertSeconds),
      concurrency: INGEST_CONCURRENCY,
      report: (problem) => log.warn(problem),
    });
    stops.push(() => ingest.stop());
    const clock: Clock = { wallMs: nowMs, monotonicMs: () => performance.now() };
    const fleet = createFleet({
      clock,
      timing: DEFAULT_TIMING,
      versions: { coordinator: options.version, oldestAgent: OLDEST_AGENT },
      onGrant: metrics.grantLatency,
    });
    const control = await createControl(connection);
    const optOuts = await openOptOuts({
      control,
      store: createOptOutStore(store),
      wallMs: clock.wallMs,
      log,
      onChange: fleet.setOptOuts,
    });
    fleet.setOptOuts(optOuts.current());
    const alarms = await openAlarms({ store: createAlarmStore(store), log });
    stops.push(() => alarms.save());
    watchForUnheard({ fleet, alarms, clock });
    relayReferences({ fleet, clock });
    const vantages = keepVantages({ fleet, store: createVantageStore(store), log });
    stops.push(() => vantages.save());
    const saving = setInterval(() => {
      vantages.save().catch((error: unknown) => log.warn({ err: error }, "self-tests are not stored yet"));
    }, VANTAGES_SAVE_MS);
    stops.push(async () => clearInterval(saving));
    const campaignStore = createCampaignStore(store);
    const hitlists = createHitlists({ folder: join(options.data, "hitlists") });
    const onConflict = () => options.onFatal("another coordinator writes the same control state");
    const drains = await openDrains({ control, fleet, onConflict });
    const certificates = createCertificateDesk({
      folder: join(options.data, "certificates"),
      key: openCertificateKey(options.data),
      store: createCertificateStore(store),
      fleet,
      log,
    });
    const campaigns = await createCampaigns({
      onSettled: certificates.settled,
      control,
      optOuts: optOuts.current,
      store: campaignStore,
      canaryStore: createCanaryStore(store),
      alarms,
      hitlists,
      fleet,
      clock,
      random: (bytes) => new Uint8Array(randomBytes(bytes)),
      coordinatorVersion: options.version,
      log,
      onConflict,
    });
    stops.push(() => campaigns.close());
    const series = await openSeries({
      control,
      campaigns,
      sendFile: async (path) => ({ id: await hitlists.receive(createReadStream(path)), name: path }),
      wallMs: clock.wallMs,
      random: Math.random,
      log,
      onConflict,
    });
    const seriesTimer = setInterval(() => void series.tick(), SERIES_TICK_MS);
    stops.push(async () => {
      clearInterval(seriesTimer);
      series.close();
    });
    const publicHost = hostText(publicNames[0] ?? LOOPBACK);
    const operatorsHost =
      apiAddress === undefined || EVERYWHERE.has(apiAddress.host) || publicNames.length > 0
        ? publicHost
        : hostText(apiAddress.host);
    const addresses = () => ({
      sessions: `${publicHost}:${sessions.port}`,
      broker: `tls://${publicHost}:${broker.port}`,
      authority: identity.authority.certificate,
    });
    const common = { host: listen, tls, desk, addresses, log, refused };
    const sessions = await startSessionServer({ ...common, port: ports.agents, fleet, nowMs });
    stops.push(() => sessions.stop());
    const enrolment = await startEnrolmentServer({ ...common, port: ports.enrolment });
    stops.push(() => enrolment.stop());
    const enrolmentAddress = `${publicHost}:${enrolment.port}`;
    const { fingerprint } = identity.authority;
    const tokens = createTokenDesk(identity.registry, { address: enrolmentAddress, fingerprint }, nowMs);
    metrics.attach({
      ...{ connection, store, fleet, campaigns, alarms, registry: identity.registry },
      ingest: () => ingest.stats(),
      dataFolder: options.data,
      certificates: { authority: identity.authority.certificate, server: tls.certificate },
    });
    const metricsServer =
      options.metricsAddress === undefined ? null : await serveMetrics(metrics, options.metricsAddress);
    stops.push(async () => metricsServer?.close());
    const api = await startApi({
      port: ports.api,
      operatorToken: state.token("operator"),
      elsewhere: apiAddress === undefined ? null : { ...apiAddress, tls, names: publicNames },
      version: options.version,
      campaigns,
      hitlists,
      fleet,
      alarms,
      optOuts,
      drains,
      series,
      certificates,
      store,
      enrichment: createEnrichDesk({ store, clock, folder: join(options.data, "enrichment") }),
      replays: createReplayDesk({ store, campaigns, campaignStore, clock }),
      ingest: () => ingest.stats(),
      metrics,
      identity: { registry: identity.registry, tokens, desk, nowMs },
      operators: { desk: identity.operators, authority: identity.authority.certificate, nowMs },
      warehouse: { url: warehouse.url, token: state.token("operator") },
      refused,
      writes: options.writes,
      dead: { list: () => listDead(connection), replay: (batch) => replayDead(connection, batch) },
    });
    stops.push(() => api.stop());
    const where = {
      api: api.url,
      operators: api.operatorsPort === null ? "" : `https://${operatorsHost}:${api.operatorsPort}`,
      warehouse: warehouse.url,
      agents: addresses().sessions,
      enrolment: enrolmentAddress,
      broker: addresses().broker,
      metrics: metricsServer?.url ?? "",
    };
    state.publish(where);
    return {
      state,
      where,
      agentsPort: sessions.port,
      enrolmentPort: enrolment.port,
      brokerPort: broker.port,
      tokens,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
