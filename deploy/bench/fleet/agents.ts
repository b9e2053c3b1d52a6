import { appendFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { type BenchAgent, startBenchAgent } from "./agent.js";
import { type AgentsTask, type FromAgents, type GrantTiming, STOP } from "./messages.js";

// Many agents in one process; see agent.ts for what they are.

const STEP_MS = 100;
const CHECKPOINT_MS = 1_000;
/** Agents do not begin all in the same moment. */
const BEGIN_MS = 4_000;

const task = JSON.parse(process.argv[2] ?? "") as AgentsTask;
const say = (message: FromAgents): void => void process.send?.(message);
const agents: BenchAgent[] = [];
const ledger = new Map<number, string>();
let grants: GrantTiming[] = [];
let stopping = false;

process.on("message", (text) => {
  stopping ||= text === STOP;
});
process.on("disconnect", () => process.exit(1));

void begin();
const turns = monitorEventLoopDelay({ resolution: 5 });
turns.enable();
for (let step = 0; !stopping; step++) {
  await sleep(STEP_MS);
  const nowMs = performance.now();
  const slice = step % (CHECKPOINT_MS / STEP_MS);
  for (const [i, agent] of agents.entries()) {
    agent.step(nowMs);
    if (i % (CHECKPOINT_MS / STEP_MS) === slice) await agent.checkpoint();
  }
  if (task.fragile) writeLedger();
  if (slice === 0) {
    say({ kind: "grants", grants, longestTurnMs: turns.max / 1e6 });
    grants = [];
    turns.reset();
  }
}
writeLedger();
const packets = agents.reduce((sum, agent) => sum + agent.packets, 0);
process.send?.({ kind: "stopped", packets } satisfies FromAgents, () => process.exit(0));

async function begin(): Promise<void> {
  for (let i = 0; i < task.count && !stopping; i++) {
    agents.push(
      startBenchAgent({
        task,
        number: task.first + i,
        onGrant: (grant) => grants.push(grant),
        onSent: (epoch, from, sent) => ledger.set(epoch, `${epoch} ${from} ${sent}\n`),
      }),
    );
    if (i % 10 === 9) await sleep((10 * BEGIN_MS) / task.count);
  }
}

function writeLedger(): void {
  if (ledger.size > 0) appendFileSync(task.ledger, [...ledger.values()].join(""));
  ledger.clear();
}
