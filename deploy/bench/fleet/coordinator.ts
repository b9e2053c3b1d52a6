import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import pino from "pino";
import { openAlarms } from "../../../coordinator/alarm/alarms.js";
import { watchForUnheard } from "../../../coordinator/alarm/unheard.js";
import { dialBroker } from "../../../coordinator/broker/dial.js";
import { createCampaigns } from "../../../coordinator/campaign/runner.js";
import type { CampaignStore } from "../../../coordinator/campaign/store.js";
import { createControl } from "../../../coordinator/control/control.js";
import { createHitlists } from "../../../coordinator/hitlist/hitlists.js";
import { openIdentity } from "../../../coordinator/identity/service.js";
import type { Clock } from "../../../coordinator/lease/clock.js";
import { createFleet, type Fleet } from "../../../coordinator/session/fleet.js";
import { startSessionServer } from "../../../coordinator/session/server.js";
import { DEFAULT_TIMING } from "../../../shared/lease/protocol.js";
import { VERSION } from "../../../shared/version.js";
import type { CoordinatorTask, FromCoordinator, GrantTiming } from "./messages.js";

// The coordinator of `parallax up`, less its store, API and ingest: sessions, leases and control state as they are.

const task = JSON.parse(process.argv[2] ?? "") as CoordinatorTask;
const log = pino({ level: "error" });
const clock: Clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };
const say = (message: FromCoordinator): void => void process.send?.(message);

const identity = await openIdentity({ data: task.identity, publicNames: [], nowMs: clock.wallMs });
const connection = await dialBroker(task.broker, identity.brokerClients.coordinator);
const fleet = createFleet({ clock, timing: DEFAULT_TIMING, versions: { coordinator: VERSION, oldestAgent: VERSION } });
const alarms = await openAlarms({ store: { openAlarms: async () => [], saveAlarms: async () => undefined }, log });
watchForUnheard({ fleet, alarms, clock });
const campaigns = await createCampaigns({
  control: await createControl(connection),
  store: coverageFile(join(task.folder, "coverage.ndjson")),
  canaryStore: { canaryReplies: async () => [], canaries: async () => [], saveCanaries: async () => undefined },
  alarms,
  hitlists: createHitlists({ folder: join(task.folder, "hitlists") }),
  fleet,
  optOuts: () => fleet.optOuts,
  clock,
  random: (bytes) => new Uint8Array(bytes).fill(7),
  coordinatorVersion: VERSION,
  log,
  onConflict: (error) => {
    throw error;
  },
});
let grants: GrantTiming[] = [];
const server = await listen(timed(fleet));
say({ kind: "listening", port: server.port });
process.on("disconnect", () => process.exit(1));
void run();

/** The one place that knows how agents show who they are. */
function listen(agents: Fleet) {
  const { tls, desk } = identity;
  const refused = (_: string, who: string, reason: string) => log.error({ who, reason }, "refused");
  const nowhere = { sessions: "", broker: "", authority: tls.authority };
  return startSessionServer({
    ...{ host: "127.0.0.1", port: 0, tls, desk, fleet: agents, log, refused },
    addresses: () => nowhere,
    nowMs: clock.wallMs,
  });
}

/** The same fleet, which notes how long its grants take. */
function timed(agents: Fleet): Fleet {
  return Object.assign(Object.create(agents) as Fleet, {
    join: ((identity, link) => {
      let heardMs = 0;
      const session = agents.join(identity, {
        end: link.end,
        get writable() {
          return link.writable;
        },
        send(message) {
          link.send(message);
          if (message.kind === "grant") {
            grants.push({ atMs: Date.now(), latencyMs: performance.now() - heardMs, to: message.grant.to });
          }
        },
      });
      return {
        ...session,
        heartbeat(heartbeat) {
          heardMs = performance.now();
          session.heartbeat(heartbeat);
        },
      };
    }) satisfies Fleet["join"],
  });
}

async function run(): Promise<void> {
  const turns = monitorEventLoopDelay({ resolution: 20 });
  turns.enable();
  while (fleet.connected().length < task.agents) await sleep(100);
  const { id } = await campaigns.create({ text: task.campaign });
  const { marks } = await campaigns.start(id);
  say({ kind: "started", size: marks.size });
  for await (const progress of campaigns.watch(id)) {
    const { outMsgs, outBytes } = connection.stats();
    say({
      kind: "progress",
      connected: fleet.connected().length,
      committed: progress.marks.committed,
      leased: progress.marks.sent,
      writes: outMsgs,
      writtenBytes: outBytes,
      longestTurnMs: turns.max / 1e6,
      grants,
    });
    turns.reset();
    grants = [];
    if (progress.state !== "running") {
      log.error({ error: progress.error, state: progress.state }, "ended");
    }
  }
  say({ kind: "finished" });
}

/** Keeps the coverage; a campaign of one stage without IPv6 needs nothing else. */
function coverageFile(file: string): CampaignStore {
  const none = async () => [];
  return {
    saveCampaign: async () => undefined,
    saveTargetList: async () => undefined,
    saveCoverage: (_, rows) => appendFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join("")),
    freezeRecheckList: none,
    freezeVerifyList: none,
    freezeTraceList: none,
    freezeTimingList: none,
    listTargets: none,
    buildComparison: async () => undefined,
  };
}
