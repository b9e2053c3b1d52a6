import type { Dashboard, Panel } from "./panels.js";

/** Three graphs beside each other; Grafana's grid has 24 columns. */
const WIDTH = 8;
const HEIGHT = 7;

/** A dashboard as Grafana reads it. */
export function dashboardDocument({ uid, title, panels }: Dashboard): string {
  const document = {
    uid,
    title,
    tags: ["parallax"],
    editable: true,
    schemaVersion: 39,
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    timezone: "utc",
    annotations: { list: [firing()] },
    templating: { list: [{ name: "source", label: "Prometheus", type: "datasource", query: "prometheus" }] },
    panels: panels.map(graph),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

const SOURCE = { type: "prometheus", uid: "$" + "{source}" };

function graph({ title, unit, lines }: Panel, i: number) {
  return {
    id: i + 1,
    type: "timeseries",
    title,
    datasource: SOURCE,
    gridPos: { x: (i % 3) * WIDTH, y: Math.floor(i / 3) * HEIGHT, w: WIDTH, h: HEIGHT },
    fieldConfig: {
      defaults: { unit, min: unit === "s" ? null : 0, custom: { fillOpacity: 10, showPoints: "never" } },
      overrides: [],
    },
    options: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
    targets: lines.map(([expr, legendFormat], j) => ({
      refId: String.fromCharCode(65 + j),
      datasource: SOURCE,
      expr,
      legendFormat,
    })),
  };
}

/** Alerts are marks in every graph. */
function firing() {
  return {
    name: "Alerts",
    enable: true,
    datasource: SOURCE,
    expr: 'ALERTS{alertname=~"Parallax.*", alertstate="firing"}',
    titleFormat: "{{alertname}}",
    textFormat: "{{agent}} {{campaign}}",
    iconColor: "red",
  };
}
