import { readFileSync } from "node:fs";
import { arch, cpus, release, totalmem } from "node:os";
import { columns } from "../../shared/cli/table.js";

export interface BenchOptions {
  readonly rounds: number;
  /** Length of one measurement. */
  readonly seconds: number;
  /** Length of a measurement that takes longer. */
  readonly minutes: number;
  /** Length of the soak. */
  readonly hours: number;
  /** How many agents there are; the bench knows a number for itself. */
  readonly agents?: number | undefined;
  /** How many rows are ingested in a round, or in the soak a second; the bench knows a number for itself. */
  readonly rows?: number | undefined;
  /** How many replies the largest campaign has that is queried. */
  readonly facts: number;
  /** Folder that keeps these facts; null: they go when the bench ends. */
  readonly data: string | null;
  /** Parts of the names of the contenders or questions that are to run; none: all of them. */
  readonly only: readonly string[];
  /** For files that go when the bench ends. */
  readonly folder: string;
  readonly say: (text: string) => void;
}

export interface BenchTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface BenchResult {
  readonly name: string;
  readonly title: string;
  readonly tables: readonly BenchTable[];
  /** The figures behind the tables, for the JSON file. */
  readonly figures: unknown;
  /** What the bench promises and did not keep, a sentence each; then it ends with 1. */
  readonly missed?: readonly string[];
}

/** What a figure depends on. */
export function machine() {
  const cpu = cpus();
  return {
    kernel: release(),
    architecture: arch(),
    processor: cpu[0]?.model ?? "unknown",
    cores: cpu.length,
    memoryBytes: totalmem(),
    node: process.version,
    loadBefore: Number(readFileSync("/proc/loadavg", "latin1").split(" ")[0]),
  };
}

export function textOf({ title, tables }: BenchResult): string {
  return [title, ...tables.map(({ head, rows }) => columns([head, ...rows]))].join("\n\n");
}
