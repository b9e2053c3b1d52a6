import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../fuzz/random.js";
import { goneBy } from "./service.js";
import type { ChaosAgent, ChaosSite } from "./site.js";

/** What is done to a site. `run` resolves when the effect is over; null: there was nobody to do it to. */
export interface Action {
  readonly name: string;
  /** How often it is chosen, against the others. */
  readonly weight: number;
  run(site: ChaosSite, random: Random): Promise<string | null>;
}

type Pids = (site: ChaosSite, random: Random) => readonly (number | undefined)[];

const LONGEST_STOP_MS = 6_000;
/** Longer than a lease lives without its agent (15 s). */
const LONG_STOP_MS = 18_000;
/** Where the broker keeps batches on their way; the control state lies in another stream. */
const ROWS_FOLDER = "broker/streams/jetstream/$G/streams/PARALLAX_ROWS";

const anAgent = (site: ChaosSite, random: Random): ChaosAgent => {
  const agent = site.agents[random.below(site.agents.length)];
  if (agent === undefined) throw new Error("a site without agents");
  return agent;
};
const agent: Pids = (site, random) => [anAgent(site, random).service.pid()];
const coordinator: Pids = (site) => [site.coordinator.pid()];
const broker: Pids = (site) => site.coordinator.children("nats-server");
const warehouse: Pids = (site) => site.coordinator.children("warehouse/child");

export const ACTIONS: readonly Action[] = [
  kill("agent", 6, agent),
  kill("coordinator", 2, coordinator),
  kill("broker", 2, broker),
  kill("warehouse", 4, warehouse),
  freeze("agent", 3, agent, LONGEST_STOP_MS),
  freeze("agent for long", 1, agent, LONG_STOP_MS),
  freeze("coordinator", 1, coordinator, LONGEST_STOP_MS),
  freeze("broker", 2, broker, LONGEST_STOP_MS),
  freeze("warehouse", 2, warehouse, LONGEST_STOP_MS),
  link("cut", 3),
  link("freeze", 3),
  { name: "wipe the broker's batches", weight: 1, run: wipe },
];

/** One of the actions, by weight. */
export function choose(random: Random): Action {
  let left = random.below(ACTIONS.reduce((sum, { weight }) => sum + weight, 0));
  for (const action of ACTIONS) {
    left -= action.weight;
    if (left < 0) return action;
  }
  throw new Error("weights do not add up");
}

function kill(what: string, weight: number, pids: Pids): Action {
  const run = async (site: ChaosSite, random: Random) => signal(pids(site, random), "SIGKILL");
  return { name: `kill ${what}`, weight, run };
}

function freeze(what: string, weight: number, pids: Pids, mostMs: number): Action {
  return {
    name: `stop ${what}`,
    weight,
    async run(site, random) {
      const stopped = pids(site, random);
      const forMs = Math.ceil(mostMs / 2) + random.below(mostMs / 2);
      const told = signal(stopped, "SIGSTOP");
      if (told === null) return null;
      await sleep(forMs);
      signal(stopped, "SIGCONT");
      return `${told} for ${forMs} ms`;
    },
  };
}

function link(how: "cut" | "freeze", weight: number): Action {
  return {
    name: `${how} a link`,
    weight,
    async run(site, random) {
      const { name, toBroker, toCoordinator } = anAgent(site, random);
      const [relay, what] = random.below(2) === 0 ? [toBroker, "broker"] : [toCoordinator, "coordinator"];
      const forMs = 500 + random.below(LONGEST_STOP_MS);
      relay[how]();
      await sleep(forMs);
      relay.mend();
      return `${name} to the ${what} for ${forMs} ms`;
    },
  };
}

/** A disk that was lost: with the broker down, its batches go. */
async function wipe(site: ChaosSite): Promise<string | null> {
  const children = [...broker(site, NOBODY), ...warehouse(site, NOBODY)].filter((pid) => pid !== undefined);
  await site.coordinator.hold();
  await goneBy(children, 10_000);
  rmSync(join(site.data, ROWS_FOLDER), { recursive: true, force: true });
  site.coordinator.resume();
  return "with the coordinator down";
}

const NOBODY: Random = { next: () => 0, below: () => 0 };

/** Null when none of the processes is there. */
function signal(pids: readonly (number | undefined)[], name: NodeJS.Signals): string | null {
  const told = pids.filter((pid) => pid !== undefined && send(pid, name));
  return told.length === 0 ? null : `process ${told.join(", ")}`;
}

/** False for one that has just ended. */
function send(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
