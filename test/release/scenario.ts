import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CampaignProgress } from "../../coordinator/campaign/progress.js";
import { parsePrefix } from "../../shared/address/prefix.js";
import { DEFAULT_TIMING } from "../../shared/lease/protocol.js";
import { optOutList } from "../../shared/optout/list.js";
import { memoryAlarms } from "../coordinator/alarm/memory-alarms.js";
import { memoryCanaryStore } from "../coordinator/canary/memory-store.js";
import { type Coordinator, startCoordinatorOn } from "../integration/campaign/coordinator.js";
import { createMemoryStore, type MemoryStore } from "../integration/campaign/memory-store.js";
import type { TestBroker } from "../integration/publish/broker.js";

/** 16 hosts, one of which opts out; slow enough that it can be paused under way. A trace goes to `TRACED` of them. */
const FINISHED = `
series: released
targets: { ipv4: [198.18.0.0/28] }
ports: [80]
stages:
  synscan: { mptcp: [v1], control: true, retries: 0, replyWindowMs: 200 }
  tracebox: { maxTtl: 4, replyWindowMs: 200 }
rate: { perAgentPps: 20 }
`;
const CANCELLED = FINISHED.replace("/28", "/20").replace("series: released", "series: cancelled");
const TRACED = 5;
const OPTED_OUT = "198.18.0.15/32";
const WITHIN_MS = 60_000;

/** A coordinator of today, whose operator does the same every time. */
export interface Scenario {
  readonly coordinator: Coordinator;
  readonly memory: MemoryStore;
  /** Someone opts out; a campaign is paused under way, resumed and finished; another is cancelled. */
  run(): Promise<{ readonly finished: CampaignProgress; readonly cancelled: CampaignProgress }>;
  stop(): Promise<void>;
}

/** `optOuts` false: nobody opts out, as an agent that does not know of it gets no work then. */
export async function startScenario(broker: TestBroker, agent: string, optOuts = true): Promise<Scenario> {
  const folder = mkdtempSync(join(tmpdir(), "parallax-release-"));
  const memory = createMemoryStore(TRACED);
  const coordinator = await startCoordinatorOn({
    ...{ connection: await broker.connect(), identity: broker.identity, memory, folder, timing: DEFAULT_TIMING },
    ...{ canaries: memoryCanaryStore(), alarms: await memoryAlarms() },
  });
  const { fleet, campaigns } = coordinator;
  const until = async (what: string, isSo: () => boolean): Promise<void> => {
    for (const end = Date.now() + WITHIN_MS; !isSo(); await sleep(20)) {
      if (Date.now() > end) throw new Error(`never: ${what}; ${JSON.stringify(campaigns.list())}`);
    }
  };
  return {
    coordinator,
    memory,
    async run() {
      await until("the agent is there", () => fleet.find(agent) !== undefined);
      if (optOuts) {
        fleet.setOptOuts(optOutList(1, [parsePrefix(OPTED_OUT)]));
        await until("the opt-out holds", () => fleet.list()[0]?.optOutRevision === 1);
      }
      const { id } = await campaigns.create({ text: FINISHED });
      await campaigns.start(id);
      await until("it is under way", () => campaigns.get(id).marks.sent > 0);
      await campaigns.pause(id);
      await campaigns.resume(id);
      await until("it is over", () => campaigns.get(id).state !== "running");
      const other = await campaigns.create({ text: CANCELLED });
      await campaigns.start(other.id);
      await until("the other is under way", () => campaigns.get(other.id).marks.sent > 0);
      await campaigns.cancel(other.id);
      const settled = () => fleet.list()[0]?.leases === 0 && memory.records.get(other.id)?.state === "cancelled";
      await until("the agent has nothing left", settled);
      return { finished: campaigns.get(id), cancelled: campaigns.get(other.id) };
    },
    async stop() {
      await coordinator.crash();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
