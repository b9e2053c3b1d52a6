import { setTimeout as sleep } from "node:timers/promises";
import type { AgentsTask } from "./messages.js";
import { type AgentGroup, startAgents } from "./processes.js";

/** A group comes back after so long ... */
const AWAY_MS = 12_000;
/** ... and stands still for so long: past the lease's end, so that it is fenced off when it wakes. */
const FROZEN_MS = 25_000;

export interface Churn {
  readonly killed: number;
  readonly frozen: number;
  readonly groups: readonly AgentGroup[];
  stop(): Promise<void>;
}

/**
 * Kills and freezes groups of agents in turn, `perMinute` agents in all. A killed group comes back as another process,
 * every second time without its disk.
 */
export function startChurn(core: number, tasks: readonly AgentsTask[], perMinute: number): Churn {
  const places = tasks.map((task) => ({ task, group: startAgents(core, task) }));
  const groups = places.map(({ group }) => group);
  const ending = new AbortController();
  const pause = (ms: number) => sleep(ms, undefined, { signal: ending.signal });
  const counts = { killed: 0, frozen: 0 };
  const [{ count = 0 } = {}] = tasks;

  const killOne = async (place: (typeof places)[number]): Promise<void> => {
    counts.killed += count;
    await place.group.kill();
    await pause(AWAY_MS);
    const { life, disk } = place.task;
    place.task = { ...place.task, life: life + 1, disk: disk + (life % 2) };
    place.group = startAgents(core, place.task);
    groups.push(place.group);
  };
  const freezeOne = async (place: (typeof places)[number]): Promise<void> => {
    counts.frozen += count;
    place.group.freeze();
    await pause(FROZEN_MS).catch(() => undefined);
    place.group.thaw();
  };
  const run = async (): Promise<void> => {
    const everyMs = (60_000 * count) / perMinute;
    for (let turn = 0; ; turn++) {
      await pause(everyMs);
      const place = places[turn % places.length];
      if (place !== undefined) await (turn % 2 === 0 ? killOne : freezeOne)(place);
    }
  };
  const over = run().catch((error: unknown) => {
    if (!ending.signal.aborted) throw error;
  });
  over.catch(() => undefined);
  return {
    get killed() {
      return counts.killed;
    },
    get frozen() {
      return counts.frozen;
    },
    groups,
    async stop() {
      ending.abort();
      await over;
      await Promise.all(places.map(({ group }) => group.stop()));
    },
  };
}
