import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createRowStore } from "../../../agent/lease/store.js";
import { connectBroker } from "../../../agent/publish/broker.js";
import { createPublisher } from "../../../agent/publish/publisher.js";
import { openSpool } from "../../../agent/spool/spool.js";
import { GO, type SoakCounts, type SoakTask } from "./messages.js";
import { replies } from "./replies.js";
import { CAMPAIGN } from "./site.js";

// Many agents in one process, each with its own rows, spool, publisher and connection; all the parts are the real ones.

const STEP_MS = 20;
/** As agents do it. */
const CHECKPOINT_MS = 900;
const SPOOL_BYTES = 1024 ** 3;

const task = JSON.parse(process.argv[2] ?? "") as SoakTask;
const report = (problem: string): void => console.error(problem);
const LEASE = { lease: "soak", epoch: 1 };
const counts = { rows: 0, batches: 0, committedRows: 0, committedBatches: 0 };
let lags: [ms: number, rows: number][] = [];

const agents = await Promise.all(task.identities.map((identity, number) => startAgent(identity, number)));
while (agents.some(({ publisher }) => !publisher.stats().connected)) await sleep(20);

let stopping = false;
process.on("disconnect", () => process.exit(1));
process.on("message", (message) => {
  if (message === GO) void run();
  else stopping = true;
});
process.send?.("ready");

async function startAgent(identity: SoakTask["identities"][number], number: number) {
  const { name, vantage } = identity;
  const spool = await openSpool({ folder: join(task.folder, name), maxBytes: SPOOL_BYTES, report });
  const cutMs = new Map<string, number>();
  const publisher = createPublisher({
    ...{ spool, vantage, agent: name, report: (problem: string) => report(`${name}: ${problem}`) },
    connect: () => connectBroker(task.broker, () => identity),
    onCommitted({ batch, rows }) {
      lags.push([performance.now() - (cutMs.get(batch) ?? Number.NaN), rows]);
      cutMs.delete(batch);
      counts.committedRows += rows;
      counts.committedBatches++;
    },
  });
  const writer = createRowStore({
    ...{ agent: name, instance: "soak", spool, publisher },
    onCut({ batch, rows }) {
      cutMs.set(batch, performance.now());
      counts.rows += rows;
      counts.batches++;
    },
  });
  return { publisher, spool, writer, rows: replies(Number.POSITIVE_INFINITY, 1 + number), made: 0, cut: 0 };
}

/** Steady rows: each agent makes what is due, and cuts and stores it every CHECKPOINT_MS, not all in the same moment. */
async function run(): Promise<void> {
  const begunMs = performance.now();
  const second = setInterval(tell, 1_000);
  const each = task.rowsPerSecond / agents.length;
  while (!stopping) {
    await sleep(STEP_MS);
    const passedMs = performance.now() - begunMs;
    for (const [number, agent] of agents.entries()) {
      for (const due = Math.floor((passedMs / 1e3) * each); agent.made < due; agent.made++) {
        agent.writer.append(CAMPAIGN, LEASE, agent.rows.next().value);
      }
      const checkpoint = Math.floor(passedMs / CHECKPOINT_MS - number / agents.length);
      if (checkpoint > agent.cut) {
        agent.cut = checkpoint;
        agent.writer.cut();
        // One that the spool does not take is tried again at the next checkpoint.
        agent.writer.drain().catch((error: unknown) => report(String(error)));
      }
    }
  }
  for (const { writer } of agents) writer.cut();
  for (const { writer } of agents) await writer.drain();
  const deadline = performance.now() + task.endWithinMs;
  while (agents.some(({ spool }) => spool.list().length > 0) && performance.now() < deadline) await sleep(50);
  clearInterval(second);
  tell();
  for (const { publisher } of agents) await publisher.close();
  process.send?.("stopped", () => process.exit());
}

function tell(): void {
  process.send?.({ ...counts, lags } satisfies SoakCounts);
  lags = [];
}
