import type { WebTimingRow } from "../../shared/batch/rows.js";
import type { Target } from "../../shared/target/source.js";
import type { RobotsVerdict, Transport } from "../../shared/timing/names.js";
import type { TimingPlan } from "../../shared/timing/pace.js";
import { ROBOTS_BYTES, robotsVerdict } from "./robots.js";
import { timingRow } from "./row.js";
import type { MakeVisit, Visit } from "./visit.js";

export interface TimeTargetOptions extends TimingPlan {
  readonly visit: MakeVisit;
  readonly source: string;
  readonly index: number;
  readonly target: Target;
  /**
   * Resolves when the next connection to the host may be made, with the signal that closes it again; null: none may be
   * made any more.
   */
  readonly turn: () => Promise<AbortSignal | null>;
}

/** Rows of one target, in the order of the connections. `cutShort`: more would have come. */
export interface TimedTarget {
  readonly rows: readonly WebTimingRow[];
  readonly cutShort: boolean;
}

/**
 * Times one host: robots.txt first, then the page, over both transports in each run, the order changing from run to run.
 * Without leave of robots.txt nothing more is asked, and after a first run in which neither transport got a byte no more
 * runs are made. A connection that is cut short is made again at its next turn.
 */
export async function timeTarget(options: TimeTargetOptions): Promise<TimedTarget> {
  const { target, timeoutMs, visit, turn } = options;
  const scheme = options.httpsPorts.includes(target.port) ? "https" : "http";
  const rows: WebTimingRow[] = [];

  /** Null when there is no turn any more. */
  async function fetch(
    page: {
      readonly run: number;
      readonly transport: Transport;
      readonly path: string;
      readonly bodyLimitBytes: number;
    },
    verdictOf: (visit: Visit) => RobotsVerdict | "",
  ): Promise<WebTimingRow | null> {
    const { run, transport, path, bodyLimitBytes } = page;
    for (let signal = await turn(); signal !== null; signal = await turn()) {
      const request = { target, scheme, transport, path, timeoutMs, bodyLimitBytes, signal } as const;
      const visited = await visit(request);
      if (visited === null) continue;
      const row = timingRow({ ...options, run, request, visit: visited, robots: verdictOf(visited) });
      rows.push(row);
      return row;
    }
    return null;
  }

  const robots = { run: 0, transport: "tcp", path: "/robots.txt", bodyLimitBytes: ROBOTS_BYTES } as const;
  const leave = await fetch(robots, robotsVerdict);
  if (leave?.robots !== "allowed") return { rows, cutShort: leave === null };
  for (let run = 1; run <= options.runs; run++) {
    const transports: readonly Transport[] = run % 2 === 1 ? ["tcp", "mptcp"] : ["mptcp", "tcp"];
    let isAnswered = false;
    for (const transport of transports) {
      const row = await fetch({ run, transport, path: "/", bodyLimitBytes: options.bodyLimitBytes }, () => "");
      if (row === null) return { rows, cutShort: true };
      isAnswered ||= row.firstByteUs !== null;
    }
    if (run === 1 && !isAnswered) break;
  }
  return { rows, cutShort: false };
}
