import { join } from "node:path";
import { writeIdentity } from "../../../agent/identity/identity.js";
import { enroll } from "../../../agent/session/enrol.js";
import { type BenchAgent, benchName, benchVantage, startBenchAgent } from "../../../deploy/bench/fleet/agent.js";
import { parseToken } from "../../../shared/identity/token.js";
import type { TestSystem } from "../support/system.js";

/** Something that reached an agent or that it did; performance.now() of this process. */
export interface AgentEvent {
  readonly agent: number;
  readonly atMs: number;
  readonly kind: "granted" | "paused" | "resumed" | "revoked" | "sent";
}

/** Many agents with their real sessions and lease books, whose probes are only counted; see deploy/bench/fleet. */
export interface LightFleet {
  readonly events: AgentEvent[];
  stop(): Promise<void>;
}

const STEP_MS = 20;
const CHECKPOINT_MS = 1_000;

/** Enrols `count` agents with one token and starts them. `maxPps`: of each. */
export async function startLightFleet(system: TestSystem, count: number, maxPps: number): Promise<LightFleet> {
  const identities = join(system.folder, "identities");
  const token = parseToken(await system.parallax("enroll", "create", "--uses", String(count)));
  const events: AgentEvent[] = [];
  const agents: BenchAgent[] = [];
  for (let number = 0; number < count; number++) {
    const name = benchName(number);
    const who = { name, vantage: benchVantage(number), hostname: null };
    writeIdentity(join(identities, name), await enroll({ ...who, token, address: null, nowMs: Date.now }));
    const tell = (kind: AgentEvent["kind"]) => events.push({ agent: number, atMs: performance.now(), kind });
    agents.push(
      startBenchAgent({
        task: { address: system.ports().agents ?? "", identities, life: 1, disk: 1, maxPps },
        number,
        onGrant: () => tell("granted"),
        onSent: () => tell("sent"),
        onSteered: (steering) => tell(steering.kind === "revoke" ? "revoked" : steering.paused ? "paused" : "resumed"),
      }),
    );
  }
  const steps = setInterval(() => {
    for (const agent of agents) agent.step(performance.now());
  }, STEP_MS);
  const checkpoints = setInterval(() => {
    for (const agent of agents) void agent.checkpoint();
  }, CHECKPOINT_MS);
  return {
    events,
    async stop() {
      clearInterval(steps);
      clearInterval(checkpoints);
      await Promise.all(agents.map(({ session }) => session.close(100)));
    },
  };
}
