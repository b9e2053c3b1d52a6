import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { UserError } from "../../shared/errors.js";
import { GROWING_HEAP } from "../growing-heap.js";
import { engineConfiguration } from "./configuration.js";
import { type Engine, openEngine } from "./engine.js";
import { createGuard } from "./guard.js";
import type { ChildMessage, ParentMessage } from "./messages.js";
import { createWarehouseServer } from "./server.js";

/**
 * The warehouse's own process: the engine and the HTTP server before it. It is told what to do by its parent and ends
 * with it, so that the engine's folder is never left open.
 */
setFlagsFromString(GROWING_HEAP);
process.once("message", (message: ParentMessage) => {
  serve(message).catch((error: unknown) => {
    const told: ChildMessage =
      error instanceof UserError
        ? { type: "failed", message: error.message, remedy: error.remedy }
        : { type: "failed", message: String(error), remedy: "see the message" };
    process.send?.(told, () => process.exit(1));
  });
});
let spoolFolder: string | null = null;
const removeSpool = (): void => {
  if (spoolFolder !== null) rmSync(spoolFolder, { recursive: true, force: true });
};
process.on("exit", removeSpool);
// Not by exit(): the engine's destructors wait for ever for a query that runs. What it has acknowledged is on disk.
process.on("disconnect", () => {
  removeSpool();
  process.kill(process.pid, "SIGKILL");
});

async function serve(start: ParentMessage): Promise<void> {
  spoolFolder = join(start.spoolRoot, `parallax-${process.pid}`);
  rmSync(spoolFolder, { recursive: true, force: true });
  mkdirSync(spoolFolder, { recursive: true, mode: 0o700 });
  const dataFolder = join(start.folder, "data");
  const emptyFolder = join(start.folder, "empty");
  mkdirSync(emptyFolder, { recursive: true });
  process.chdir(emptyFolder);
  const resultFolder = join(start.folder, "results");
  rmSync(resultFolder, { recursive: true, force: true });
  mkdirSync(resultFolder, { mode: 0o700 });
  const configuration = join(start.folder, "config.xml");
  writeFileSync(configuration, engineConfiguration(availableParallelism()));
  const engine = openEngine(dataFolder, [`--config-file=${configuration}`]);
  const tableFunctions = await setUp(engine, start.database);
  const server = createWarehouseServer({
    engine,
    guard: createGuard(tableFunctions),
    database: start.database,
    spoolFolder,
    resultFolder,
    tokens: start.tokens,
    concurrency: { reader: 8, writer: 8 },
    report: (text) => process.send?.({ type: "problem", text } satisfies ChildMessage),
  });
  server.on("error", (error: NodeJS.ErrnoException) => {
    const told: ChildMessage =
      error.code === "EADDRINUSE"
        ? {
            type: "failed",
            message: `port ${start.port} is in use`,
            remedy: "choose another one with --warehouse-port",
          }
        : { type: "failed", message: error.message, remedy: "see the message" };
    process.send?.(told, () => process.exit(1));
  });
  server.listen(start.port, "127.0.0.1", () => {
    const told: ChildMessage = { type: "listening", port: (server.address() as AddressInfo).port };
    process.send?.(told);
  });
}

/** Makes the database and asks the engine for the names that readers must not call. */
async function setUp(engine: Engine, database: string): Promise<string[]> {
  const connection = engine.connect();
  try {
    await connection.run(`CREATE DATABASE IF NOT EXISTS \`${database}\``, "Null");
    const names = await connection.run("SELECT name FROM system.table_functions", "TSV");
    return names.bytes.toString("utf8").trim().split("\n");
  } finally {
    connection.close();
  }
}
