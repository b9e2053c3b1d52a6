import { mkdirSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type Engine, openEngine } from "../../coordinator/warehouse/engine.js";
import { createGuard } from "../../coordinator/warehouse/guard.js";
import type { ChildMessage, ParentMessage } from "../../coordinator/warehouse/messages.js";
import { createWarehouseServer } from "../../coordinator/warehouse/server.js";
import { asOneNode, ONE_NODE } from "./one-node.js";

/**
 * A warehouse process whose engine is the one node of a cluster. It takes the SQL of clusters, but for what the engine
 * cannot do as a library: see `asOneNode`.
 */
process.once("message", (message: ParentMessage) => void serve(message));
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));

async function serve(start: ParentMessage): Promise<void> {
  const spoolFolder = join(start.folder, "spool");
  mkdirSync(spoolFolder, { recursive: true });
  const configuration = join(start.folder, "config.xml");
  writeFileSync(configuration, ONE_NODE);
  const engine = openEngine(join(start.folder, "data"), [`--config-file=${configuration}`]);
  const connection = engine.connect();
  await connection.run(`CREATE DATABASE IF NOT EXISTS ${start.database}`, "Null");
  connection.close();
  const server = createWarehouseServer({
    engine: oneNode(engine),
    guard: createGuard([]),
    database: start.database,
    spoolFolder,
    resultFolder: spoolFolder,
    tokens: start.tokens,
    concurrency: { reader: 8, writer: 8 },
    report: () => undefined,
  });
  server.listen(0, "127.0.0.1", () => {
    const told: ChildMessage = { type: "listening", port: (server.address() as AddressInfo).port };
    process.send?.(told);
  });
}

function oneNode(engine: Engine): Engine {
  return {
    close: () => engine.close(),
    connect: () => {
      const connection = engine.connect();
      return { ...connection, run: (sql, format) => connection.run(asOneNode(sql), format) };
    },
  };
}
