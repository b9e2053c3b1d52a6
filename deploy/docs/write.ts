import { writeFileSync } from "node:fs";
import { dashboardDocument } from "../grafana/document.js";
import { DASHBOARDS } from "../grafana/panels.js";
import { zooDocument } from "../lab/zoo/document.js";
import { metricsDocument } from "./metrics.js";
import { rulesDocument } from "./rules.js";

/** Writes the pages that are made of tables in the code; from the repository's folder. */
writeFileSync("docs/middleboxes.md", zooDocument());
writeFileSync("docs/metrics.md", metricsDocument());
writeFileSync("docs/verdicts.md", rulesDocument());
for (const dashboard of DASHBOARDS) {
  writeFileSync(`deploy/grafana/dashboards/${dashboard.uid}.json`, dashboardDocument(dashboard));
}
