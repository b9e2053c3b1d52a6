import type { ReadMetric } from "./metric.js";

/** What a process is and takes; read from the process itself. */
export interface ProcessFacts {
  readonly version: string;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** Unix seconds. */
  readonly startedSeconds: number;
}

export function processFacts(version: string): ProcessFacts {
  const { user, system } = process.cpuUsage();
  return {
    version,
    cpuSeconds: (user + system) / 1e6,
    residentBytes: process.memoryUsage.rss(),
    startedSeconds: Date.now() / 1_000 - process.uptime(),
  };
}

/** Names that every Prometheus client has. */
export const PROCESS_METRICS: readonly ReadMetric<{ readonly process: ProcessFacts }>[] = [
  {
    name: "process_cpu_seconds_total",
    type: "counter",
    help: "CPU time of the process, all of its threads",
    read: ({ process }) => process.cpuSeconds,
  },
  {
    name: "process_resident_memory_bytes",
    type: "gauge",
    help: "Memory of the process that is not swapped out",
    read: ({ process }) => process.residentBytes,
  },
  {
    name: "process_start_time_seconds",
    type: "gauge",
    help: "When the process began, Unix time",
    read: ({ process }) => process.startedSeconds,
  },
];
