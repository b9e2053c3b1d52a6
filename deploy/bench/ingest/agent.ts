import { connectBroker } from "../../../agent/publish/broker.js";
import { createPublisher } from "../../../agent/publish/publisher.js";
import { openSpool } from "../../../agent/spool/spool.js";
import { type AgentTask, type Done, GO } from "./messages.js";

// An agent with a full spool: its own publisher carries the batches to the broker until each is said to be committed.

const task = JSON.parse(process.argv[2] ?? "") as AgentTask;
const report = (problem: string): void => console.error(problem);
const spool = await openSpool({ folder: task.spool, maxBytes: Number.MAX_SAFE_INTEGER, report });
let left = spool.list().length;
let begunMs: number | null = null;
let before = process.cpuUsage();

const publisher = createPublisher({
  // Until it begins they are not there: to the publisher they are new, not left by an earlier life.
  spool: { ...spool, list: () => (begunMs === null ? [] : spool.list()) },
  connect: () => connectBroker(task.broker, () => task.identity),
  vantage: task.identity.vantage,
  agent: task.identity.name,
  report,
  onCommitted: () => {
    if (--left > 0 || begunMs === null) return;
    const { user, system } = process.cpuUsage(before);
    const done: Done = { seconds: (performance.now() - begunMs) / 1e3, cpuSeconds: (user + system) / 1e6 };
    void publisher.close().then(() => process.send?.(done, () => process.exit()));
  },
});

process.once("message", (message) => {
  if (message !== GO) throw new Error(`not ${GO}`);
  begunMs = performance.now();
  before = process.cpuUsage();
  publisher.wake();
});
while (!publisher.stats().connected) await new Promise((resolve) => setTimeout(resolve, 20));
process.send?.("ready");
