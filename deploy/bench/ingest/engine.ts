import { basename, join } from "node:path";
import { openEngine } from "../../../coordinator/warehouse/engine.js";
import { type Done, type EngineTask, GO } from "./messages.js";

// The engine with nothing around it: takes blocks from files in memory, one insert and one token each, as fast as it can.

const task = JSON.parse(process.argv[2] ?? "") as EngineTask;
const engine = openEngine(join(task.folder, "data"), [`--config-file=${join(task.folder, "config.xml")}`]);
const waiting = [...task.blocks];

const work = async (): Promise<void> => {
  const connection = engine.connect();
  await connection.run(`USE ${task.database}`, "Null");
  await connection.run("SET async_insert = 0, optimize_on_insert = 0", "Null");
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    const settings = `SETTINGS insert_deduplication_token = '${basename(file)}'`;
    const sql = `INSERT INTO syn_replies FROM INFILE '${file}' COMPRESSION 'none' ${settings} FORMAT Native`;
    await connection.run(sql, "Null");
  }
  connection.close();
};

process.once("message", (message) => {
  if (message !== GO) throw new Error(`not ${GO}`);
  const begun = performance.now();
  const before = process.cpuUsage();
  void Promise.all(Array.from({ length: task.connections }, work)).then(() => {
    const { user, system } = process.cpuUsage(before);
    const done: Done = { seconds: (performance.now() - begun) / 1e3, cpuSeconds: (user + system) / 1e6 };
    // Not by an orderly end: merges would be waited for.
    process.send?.(done, () => process.kill(process.pid, "SIGKILL"));
  });
});
process.send?.("ready");
