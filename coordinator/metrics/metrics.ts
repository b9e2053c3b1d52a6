import { X509Certificate } from "node:crypto";
import { statfs } from "node:fs/promises";
import type { NatsConnection } from "@nats-io/transport-node";
import { createExposition, type Exposition } from "../../shared/metrics/exposition.js";
import { createLate } from "../../shared/metrics/late.js";
import type { Observe } from "../../shared/metrics/metric.js";
import { processFacts } from "../../shared/metrics/process.js";
import type { Alarms } from "../alarm/alarms.js";
import type { Campaigns } from "../campaign/runner.js";
import type { Registry } from "../identity/registry.js";
import type { IngestStats } from "../ingest/ingest.js";
import type { Fleet } from "../session/fleet.js";
import type { Store } from "../store/store.js";
import { patient } from "./answers.js";
import { readBroker } from "./broker.js";
import { COORDINATOR_HISTOGRAMS, COORDINATOR_METRICS } from "./catalogue.js";
import { readWarehouse } from "./engine.js";
import type { CoordinatorFacts } from "./facts.js";
import { GRANT_LATENCY } from "./fleet.js";
import { INSERT_SECONDS } from "./ingest.js";

/** The parts of a coordinator that are asked for numbers. */
export interface CoordinatorParts {
  readonly connection: NatsConnection;
  readonly store: Pick<Store, "rows">;
  readonly ingest: () => IngestStats;
  readonly fleet: Pick<Fleet, "list" | "optOuts">;
  readonly campaigns: Pick<Campaigns, "list">;
  readonly alarms: Pick<Alarms, "open">;
  readonly registry: Pick<Registry, "agents">;
  readonly dataFolder: string;
  /** PEM. */
  readonly certificates: { readonly authority: string; readonly server: string };
}

/** A coordinator's metrics; who asks before `attach` was called waits for it. */
export interface CoordinatorMetrics extends Exposition {
  readonly grantLatency: Observe;
  readonly insertSeconds: Observe;
  /** How the coordinator is now. */
  facts(): Promise<CoordinatorFacts>;
  attach(parts: CoordinatorParts): void;
}

export function createCoordinatorMetrics(version: string): CoordinatorMetrics {
  const facts = createLate<CoordinatorFacts>();
  const exposition = createExposition({
    metrics: COORDINATOR_METRICS,
    histograms: COORDINATOR_HISTOGRAMS,
    gather: facts.read,
  });
  return {
    ...exposition,
    facts: facts.read,
    grantLatency: exposition.observe(GRANT_LATENCY),
    insertSeconds: exposition.observe(INSERT_SECONDS),
    attach: (parts) => facts.attach(gatherer(version, parts)),
  };
}

function gatherer(version: string, parts: CoordinatorParts): () => Promise<CoordinatorFacts> {
  const { connection, store, dataFolder } = parts;
  const broker = patient(() => readBroker(connection));
  const warehouse = patient(() => readWarehouse(store));
  const disk = patient(() => readDisk(dataFolder));
  const certificates = {
    authority: endOf(parts.certificates.authority),
    server: endOf(parts.certificates.server),
  };
  return async () => {
    const [streams, engine, room] = await Promise.all([broker(), warehouse(), disk()]);
    return {
      process: processFacts(version),
      nowMs: Date.now(),
      ingest: parts.ingest(),
      ...{ broker: streams, warehouse: engine, disk: room, certificates },
      agents: parts.fleet.list(),
      agentCertificates: new Map(parts.registry.agents().map(({ name, expiresMs }) => [name, expiresMs])),
      campaigns: parts.campaigns.list(),
      alarms: parts.alarms.open(),
      optOuts: parts.fleet.optOuts.prefixes.length,
    };
  };
}

async function readDisk(folder: string): Promise<NonNullable<CoordinatorFacts["disk"]>> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { freeBytes: bavail * bsize, bytes: blocks * bsize };
}

/** End of the first certificate of a PEM text, in Unix milliseconds. */
function endOf(pem: string): number {
  return Date.parse(new X509Certificate(pem).validTo);
}
