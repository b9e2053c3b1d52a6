import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrate, readMigrations } from "../../coordinator/store/migrate.js";
import { createStore } from "../../coordinator/store/store.js";
import { startWarehouse } from "../../coordinator/warehouse/warehouse.js";
import { dashboardDocument } from "../grafana/document.js";
import { DASHBOARDS } from "../grafana/panels.js";
import { zooDocument } from "../lab/zoo/document.js";
import { metricsDocument } from "./metrics.js";
import { rulesDocument } from "./rules.js";
import { schemaDocument } from "./schema.js";

/** Writes the pages that are made of tables in the code, and of those in the database; from the repository's folder. */
writeFileSync("docs/middleboxes.md", zooDocument());
writeFileSync("docs/metrics.md", metricsDocument());
writeFileSync("docs/verdicts.md", rulesDocument());
for (const dashboard of DASHBOARDS) {
  writeFileSync(`deploy/grafana/dashboards/${dashboard.uid}.json`, dashboardDocument(dashboard));
}

const folder = mkdtempSync(join(tmpdir(), "parallax-docs-"));
const tokens = { reader: "reader", writer: "writer" };
const warehouse = await startWarehouse({ folder, database: "parallax", port: 0, tokens, onEvent: () => undefined });
const store = createStore({ url: warehouse.url, username: "parallax", password: tokens.writer, database: "parallax" });
try {
  await migrate(store, readMigrations());
  writeFileSync("docs/schema.md", await schemaDocument(store));
} finally {
  await store.close();
  await warehouse.stop();
  rmSync(folder, { recursive: true, force: true });
}
