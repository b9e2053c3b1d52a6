import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { NatsConnection } from "@nats-io/transport-node";
import pino from "pino";
import { type Campaigns, createCampaigns } from "../../../coordinator/campaign/runner.js";
import { createControl } from "../../../coordinator/control/control.js";
import { freezeHitlist } from "../../../coordinator/hitlist/freeze.js";
import { createHitlists } from "../../../coordinator/hitlist/hitlists.js";
import { createFleet, type Fleet } from "../../../coordinator/session/fleet.js";
import { type SessionServer, startSessionServer } from "../../../coordinator/session/server.js";
import type { SessionTiming } from "../../../shared/lease/protocol.js";
import type { MemoryAlarms } from "../../coordinator/alarm/memory-alarms.js";
import type { MemoryCanaryStore } from "../../coordinator/canary/memory-store.js";
import type { TestIdentity } from "../support/identity.js";
import type { MemoryStore } from "./memory-store.js";

export interface CoordinatorParts {
  /** To its broker; closed by a crash. */
  readonly connection: NatsConnection;
  readonly identity: Pick<TestIdentity, "server">;
  readonly memory: MemoryStore;
  readonly canaries: MemoryCanaryStore;
  readonly alarms: MemoryAlarms;
  /** For hitlists. */
  readonly folder: string;
  readonly timing: SessionTiming;
  readonly goneAfterMs?: number;
}

/** Sessions, campaigns, leases and control state as they are, on a store in memory. */
export interface Coordinator {
  readonly fleet: Fleet;
  readonly campaigns: Campaigns;
  readonly server: SessionServer;
  readonly connection: NatsConnection;
  readonly conflicts: Error[];
  /** As a crash would end it: nothing is saved any more, and nobody is told. */
  crash(): Promise<void>;
}

const clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };
const log = pino({ level: "silent" });

export async function startCoordinatorOn(parts: CoordinatorParts): Promise<Coordinator> {
  const { connection, identity, memory, canaries, alarms, folder, timing, goneAfterMs = 60_000 } = parts;
  const versions = { coordinator: "0.1.0", oldestAgent: "0.1.0" };
  const fleet = createFleet({ clock, timing, versions });
  const conflicts: Error[] = [];
  const campaigns = await createCampaigns({
    control: await createControl(connection),
    store: memory.store,
    canaryStore: canaries.store,
    alarms: alarms.alarms,
    hitlists: createHitlists({ folder: join(folder, "hitlists"), freeze: freezeHitlist }),
    fleet,
    clock,
    random: (bytes) => randomBytes(bytes),
    coordinatorVersion: "0.1.0",
    optOuts: () => fleet.optOuts,
    log,
    goneAfterMs,
    onConflict: (error) => conflicts.push(error),
  });
  const server = await startSessionServer({ ...identity.server, fleet, log });
  return {
    fleet,
    campaigns,
    server,
    connection,
    conflicts,
    async crash() {
      await server.stop();
      await connection.close();
      await campaigns.close();
    },
  };
}
