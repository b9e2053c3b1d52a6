import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "pino";
import { DEFAULT_TIMING } from "../../shared/lease/protocol.js";
import { openAlarms } from "../alarm/alarms.js";
import { watchForUnheard } from "../alarm/unheard.js";
import { startApi } from "../api/server.js";
import { startBroker } from "../broker/broker.js";
import { ensureStreams } from "../broker/streams.js";
import { createCampaigns } from "../campaign/runner.js";
import { createControl } from "../control/control.js";
import { createEnrichDesk } from "../enrich/desk.js";
import { createHitlists } from "../hitlist/hitlists.js";
import { startIngest } from "../ingest/ingest.js";
import type { Clock } from "../lease/clock.js";
import { openOptOuts } from "../optout/book.js";
import { createReplayDesk } from "../replay/desk.js";
import { createFleet } from "../session/fleet.js";
import { startSessionServer } from "../session/server.js";
import { createAlarmStore } from "../store/alarm-store.js";
import { createCampaignStore } from "../store/campaign-store.js";
import { createCanaryStore } from "../store/canary-store.js";
import { migrate, readMigrations } from "../store/migrate.js";
import { createOptOutStore } from "../store/optout-store.js";
import { createStore } from "../store/store.js";
import { startWarehouse } from "../warehouse/warehouse.js";
import { openState, type Running, type StateFolder } from "./state.js";

export interface UpOptions {
  /** Data folder; made when missing. */
  readonly data: string;
  /** Loopback ports; 0 for a free one. */
  readonly ports: {
    readonly api: number;
    readonly warehouse: number;
    readonly agents: number;
    readonly broker: number;
  };
  readonly version: string;
  readonly log: Logger;
  /** The coordinator cannot go on; it should be stopped. */
  readonly onFatal: (reason: string) => void;
}

export interface Parallax {
  readonly state: StateFolder;
  readonly where: Omit<Running, "pid">;
  /** Port that agents connect to. */
  readonly agentsPort: number;
  readonly brokerPort: number;
  stop(): Promise<void>;
}

const DATABASE = "parallax";
const INGEST_CONCURRENCY = 4;
/** Older agents do not speak this session protocol. */
const OLDEST_AGENT = "0.1.0";

/**
 * Starts a whole coordinator, each part on what is up already. When one fails, those before it are stopped again.
 * @throws UserError from the part that cannot start
 */
export async function startParallax(options: UpOptions): Promise<Parallax> {
  const { log, ports } = options;
  const state = openState(options.data);
  state.claim();
  const stops: (() => Promise<void>)[] = [async () => state.release()];
  const stop = async () => {
    const problems: unknown[] = [];
    for (const end of stops.splice(0).reverse()) await end().catch((error: unknown) => problems.push(error));
    if (problems.length > 0) log.error({ err: problems[0] }, "not everything could be stopped in order");
  };
  try {
    const broker = await startBroker({
      folder: join(options.data, "broker"),
      port: ports.broker,
      token: state.token("broker"),
      onExit: (reason) => options.onFatal(`nats-server ended (${reason})`),
    });
    stops.push(() => broker.stop());
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
    const connection = await dial(broker.url, state.token("broker"));
    stops.push(() => connection.close());
    await ensureStreams(connection);
    const ingest = await startIngest({
      connection,
      store,
      concurrency: INGEST_CONCURRENCY,
      report: (problem) => log.warn(problem),
    });
    stops.push(() => ingest.stop());
    const clock: Clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };
    const fleet = createFleet({
      clock,
      timing: DEFAULT_TIMING,
      versions: { coordinator: options.version, oldestAgent: OLDEST_AGENT },
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
    const campaignStore = createCampaignStore(store);
    const hitlists = createHitlists({ folder: join(options.data, "hitlists") });
    const campaigns = await createCampaigns({
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
      onConflict: () => options.onFatal("another coordinator writes the same control state"),
    });
    stops.push(() => campaigns.close());
    const sessions = await startSessionServer({
      bind: `127.0.0.1:${ports.agents}`,
      token: state.token("agent"),
      fleet,
      log,
    });
    stops.push(() => sessions.stop());
    const api = await startApi({
      port: ports.api,
      operatorToken: state.token("operator"),
      version: options.version,
      campaigns,
      hitlists,
      fleet,
      alarms,
      optOuts,
      store,
      enrichment: createEnrichDesk({ store, clock, folder: join(options.data, "enrichment") }),
      replays: createReplayDesk({ store, campaigns, campaignStore, clock }),
      ingest: () => ingest.stats(),
    });
    stops.push(() => api.stop());
    const where = {
      api: api.url,
      warehouse: warehouse.url,
      agents: `127.0.0.1:${sessions.port}`,
      broker: broker.url,
    };
    state.publish(where);
    return { state, where, agentsPort: sessions.port, brokerPort: broker.port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function dial(url: string, token: string): Promise<NatsConnection> {
  return connect({ servers: url, token, name: "coordinator", maxReconnectAttempts: -1, reconnectTimeWait: 500 });
}
