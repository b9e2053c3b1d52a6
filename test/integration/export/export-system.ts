import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExportedCampaign } from "../../../coordinator/export/pto.js";
import { migrate, readMigrations } from "../../../coordinator/store/migrate.js";
import { openState } from "../../../coordinator/up/state.js";
import type { Output } from "../support/system.js";
import { startTestWarehouse, type TestWarehouse, TOKENS } from "../support/warehouse.js";

/** A real warehouse and the real command line. Of the coordinator there is only what it says of a campaign's time. */
export interface ExportSystem {
  readonly warehouse: TestWarehouse;
  /** For what is exported. */
  readonly folder: string;
  /** Runs `parallax`; `watch` is told of the process. `before` is shell that is run in its place first. */
  parallax(
    args: readonly string[],
    options?: { watch?: (child: ChildProcess) => void; before?: string },
  ): Promise<Output & { peakBytes: number }>;
  /** What the engine reads in a file. */
  read(file: string, format: string): Promise<Readonly<Record<string, unknown>>[]>;
  rows(sql: string): Promise<Readonly<Record<string, unknown>>[]>;
  stop(): Promise<void>;
}

/** Of every campaign. */
const HEAD: ExportedCampaign = {
  series: "weekly",
  startedAtMs: Date.parse("2026-03-02T02:59:00Z"),
  finishedAtMs: Date.parse("2026-03-02T03:02:00Z"),
  variants: ["v1", "plain"],
};

export async function startExportSystem(): Promise<ExportSystem> {
  const folder = mkdtempSync(join(tmpdir(), "parallax-export-"));
  const data = mkdtempSync(join(tmpdir(), "parallax-export-data-"));
  const warehouse = await startTestWarehouse();
  await migrate(warehouse.store, readMigrations("coordinator/store/sql"));
  const api = createServer((_, response) => {
    response.end(JSON.stringify(HEAD));
  });
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  const state = openState(data);
  state.publish({
    ...{ operators: "", metrics: "", agents: "", enrolment: "", broker: "" },
    api: `http://127.0.0.1:${(api.address() as AddressInfo).port}`,
    warehouse: warehouse.warehouse.url,
  });
  writeFileSync(state.tokenFile("operator"), TOKENS.reader, { mode: 0o600 });

  const rows = async (sql: string) => {
    const found: Readonly<Record<string, unknown>>[] = [];
    for await (const row of warehouse.store.rows(sql)) found.push(row);
    return found;
  };
  return {
    warehouse,
    folder,
    rows,
    read: (file, format) => rows(`SELECT * FROM file('${file}', '${format}')`),
    parallax: (args, { watch, before = ":" } = {}) =>
      new Promise((resolve) => {
        const command = [process.execPath, "dist/coordinator/main.js", ...args, "--data", data];
        const child = spawn("sh", ["-c", `${before}; exec "$@"`, "sh", ...command], {
          stdio: ["ignore", "pipe", "pipe"],
        });
        let stdout = "";
        let stderr = "";
        let peakBytes = 0;
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
          stdout += text;
        });
        child.stderr.setEncoding("utf8").on("data", (text: string) => {
          stderr += text;
        });
        const timer = setInterval(() => {
          peakBytes = Math.max(peakBytes, peakOf(child.pid));
        }, 20);
        watch?.(child);
        child.once("close", (code) => {
          clearInterval(timer);
          resolve({ code: code ?? -1, stdout, stderr, peakBytes });
        });
      }),
    async stop() {
      api.close();
      await warehouse.stop();
      for (const one of [folder, data]) rmSync(one, { recursive: true, force: true });
    },
  };
}

/** Most memory that a process has had so far; 0 when it is gone. */
function peakOf(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    // It has ended in the meantime.
    return 0;
  }
}
