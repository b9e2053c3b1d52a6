import type { LeaseMarks } from "../../shared/lease/work.js";

/** Seconds after which an old measurement counts for about a third. */
const MEMORY_SECONDS = 5;

/** How fast agents work on one source. */
export interface SpeedMeter {
  /** Takes an agent's marks; `startOf` says where a lease began. */
  observe(agent: string, marks: readonly LeaseMarks[], startOf: (lease: string) => number | null, nowMs: number): void;
  /** Indices per second, or null before two observations. */
  of(agent: string): number | null;
}

interface Track {
  atMs: number;
  speed: number | null;
  readonly sent: Map<string, number>;
}

export function createSpeedMeter(): SpeedMeter {
  const tracks = new Map<string, Track>();
  return {
    observe(agent, marks, startOf, nowMs) {
      const track = tracks.get(agent);
      let moved = 0;
      const sent = new Map<string, number>();
      for (const { lease, sent: mark } of marks) {
        const before = track?.sent.get(lease) ?? startOf(lease);
        if (before !== null) {
          moved += Math.max(0, mark - before);
          sent.set(lease, mark);
        }
      }
      const seconds = track === undefined ? 0 : (nowMs - track.atMs) / 1_000;
      if (seconds <= 0) {
        tracks.set(agent, { atMs: nowMs, speed: track?.speed ?? null, sent });
        return;
      }
      const now = moved / seconds;
      const old = track?.speed ?? now;
      tracks.set(agent, { atMs: nowMs, speed: old + (now - old) * (1 - Math.exp(-seconds / MEMORY_SECONDS)), sent });
    },
    of: (agent) => tracks.get(agent)?.speed ?? null,
  };
}
