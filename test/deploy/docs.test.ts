import { readFileSync } from "node:fs";
import { expect, it } from "@jest/globals";
import { metricsDocument } from "../../deploy/docs/metrics.js";
import { rulesDocument } from "../../deploy/docs/rules.js";
import { dashboardDocument } from "../../deploy/grafana/document.js";
import { DASHBOARDS } from "../../deploy/grafana/panels.js";

it("docs/verdicts.md says what the tables of rules say (npm run generate:docs)", () => {
  expect(readFileSync("docs/verdicts.md", "utf8")).toBe(rulesDocument());
});

it("docs/metrics.md says what the tables of metrics say (npm run generate:docs)", () => {
  expect(readFileSync("docs/metrics.md", "utf8")).toBe(metricsDocument());
});

it.each(DASHBOARDS)("the dashboard $uid is what its table of panels says (npm run generate:docs)", (dashboard) => {
  const written = readFileSync(`deploy/grafana/dashboards/${dashboard.uid}.json`, "utf8");
  expect(written).toBe(dashboardDocument(dashboard));
});
