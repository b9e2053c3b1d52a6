import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AgentIdentity } from "../../../agent/identity/identity.js";
import { type Broker, startBroker } from "../../../coordinator/broker/broker.js";
import { openIdentity } from "../../../coordinator/identity/service.js";
import { migrate, readMigrations } from "../../../coordinator/store/migrate.js";
import { createStore, type Store } from "../../../coordinator/store/store.js";
import { startWarehouse, type Warehouse } from "../../../coordinator/warehouse/warehouse.js";
import { enrolledDirectly } from "../fleet/enrolled.js";
import { type Running, start } from "../process.js";

export const DATABASE = "parallax";
export const CAMPAIGN = "bench";
const TOKENS = { reader: "bench-reader", writer: "bench-writer" } as const;
const READY_WITHIN_MS = 30_000;

export interface BenchWarehouse {
  readonly warehouse: Warehouse;
  /** With the right to write. */
  readonly store: Store;
  readonly folder: string;
  stop(): Promise<void>;
}

/** An embedded warehouse with all tables, in a folder that stays when it stops. */
export async function startBenchWarehouse(folder: string, say: (text: string) => void): Promise<BenchWarehouse> {
  const warehouse = await startWarehouse({ folder, database: DATABASE, port: 0, tokens: TOKENS, onEvent: say });
  const access = { username: DATABASE, password: TOKENS.writer, database: DATABASE };
  const store = createStore({ url: warehouse.url, ...access });
  const stop = async (): Promise<void> => {
    await store.close();
    await warehouse.stop();
  };
  try {
    await migrate(store, readMigrations());
  } catch (error) {
    await stop();
    throw error;
  }
  return { warehouse, store, folder, stop };
}

/** Broker, warehouse and `parallax ingest`, each a process of its own, with one campaign. */
export interface IngestSite extends BenchWarehouse {
  readonly broker: Broker;
  readonly ingest: Running;
  /** Of the agents. */
  readonly identities: readonly AgentIdentity[];
}

/** Agents are named fra-1, fra-2 and so on. */
export async function startIngestSite(folder: string, say: (text: string) => void, agents = 1): Promise<IngestSite> {
  mkdirSync(folder, { recursive: true });
  const identity = await openIdentity({ data: folder, publicNames: [], nowMs: Date.now });
  const identities: AgentIdentity[] = [];
  for (let number = 1; number <= agents; number++) {
    identities.push(await enrolledDirectly(identity, { name: `fra-${number}`, vantage: "fra" }, Date.now));
  }
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of stops.reverse()) await end();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const broker = await startBroker({
      ...{ folder: join(folder, "broker"), host: "127.0.0.1", port: 0, tls: identity.tls },
      accounts: await identity.brokerAccounts(),
      onExit: (reason) => say(`broker: ${reason}`),
    });
    stops.push(() => broker.stop());
    const warehouse = await startBenchWarehouse(join(folder, "warehouse"), say);
    stops.push(warehouse.stop);
    const campaign = { id: CAMPAIGN, series: CAMPAIGN, state: "running", record: "", created_at: 0, updated_at: 0 };
    await warehouse.store.insertRows("campaigns", [campaign]);
    const password = join(folder, "writer.token");
    writeFileSync(password, TOKENS.writer, { mode: 0o600 });
    const program = fileURLToPath(new URL("../../../coordinator/main.js", import.meta.url));
    const where = ["--data", folder, "--nats", broker.url, "--clickhouse", warehouse.warehouse.url];
    const ingest = start([process.execPath, program, "ingest", ...where, "--clickhouse-password-file", password]);
    stops.push(() => ingest.kill());
    await isUp(ingest);
    return { ...warehouse, broker, ingest, identities, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function isUp(ingest: Running): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!ingest.printed().includes("ingest is up")) {
    if (Date.now() > deadline || ingest.child.exitCode !== null) {
      throw new Error(`parallax ingest did not start: ${ingest.printed()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
