import { appendFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { type BenchAgent, startBenchAgent } from "./agent.js";
import { type AgentsTask, type FromAgents, type GrantTiming, STOP } from "./messages.js";

// Many agents in one process; see agent.ts for what they are.

/** An agent's steps are so far apart ... */
const STEP_MS = 200;
/** ... and those of the agents in turns: what comes for one of them must not wait for all others. */
const SLICES = 10;
const STEPS_PER_CHECKPOINT = 5;
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
const turns = monitorEventLoopDelay({ resolution: 20 });
turns.enable();
for (let turn = 0; !stopping; turn++) {
  await sleep(STEP_MS / SLICES);
  const nowMs = performance.now();
  const slice = turn % SLICES;
  const step = Math.floor(turn / SLICES) % STEPS_PER_CHECKPOINT;
  for (let i = slice; i < agents.length; i += SLICES) {
    const agent = agents[i] as BenchAgent;
    agent.step(nowMs);
    if (Math.floor(i / SLICES) % STEPS_PER_CHECKPOINT === step) await agent.checkpoint();
  }
  if (task.fragile) writeLedger();
  if (slice === 0 && step === 0) {
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
