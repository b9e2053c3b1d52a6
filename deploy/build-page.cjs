// Build step after tsc: bundles the dashboard's page into dist/, with everything that it loads beside it.
"use strict";

const { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { buildSync } = require("esbuild");
const { feature } = require("topojson-client");
const topology = require("world-atlas/land-110m.json");

const root = join(__dirname, "..");
const from = join(root, "coordinator/dashboard/page");
const to = join(root, "dist/coordinator/dashboard/page");
/** Decimals of a degree that a small map shows. */
const DECIMALS = 1;

rmSync(to, { recursive: true, force: true });
mkdirSync(to, { recursive: true });
buildSync({
  absWorkingDir: root,
  entryPoints: { dashboard: join(from, "main.tsx") },
  outdir: to,
  bundle: true,
  minify: true,
  format: "esm",
  platform: "browser",
  target: ["es2022"],
  jsx: "automatic",
  jsxImportSource: "preact",
  preserveSymlinks: true,
  loader: { ".md": "text" },
  legalComments: "none",
  tsconfigRaw: {},
  logLevel: "error",
});
buildSync({ entryPoints: [join(from, "dashboard.css")], outdir: to, bundle: true, minify: true, logLevel: "error" });
for (const file of ["index.html", "icon.svg"]) copyFileSync(join(from, file), join(to, file));
writeFileSync(join(to, "land.svg"), land());
writeFileSync(join(to, "licences.txt"), licences(["preact", "world-atlas"]));

/** Land as one path; degrees are the coordinates, y downwards. Colours of a page do not reach it: this grey suits both. */
function land() {
  const { features } = feature(topology, topology.objects.land);
  const point = ([longitude, latitude]) => `${round(longitude + 180)} ${round(90 - latitude)}`;
  const rings = features.flatMap(({ geometry: { type, coordinates } }) =>
    type === "Polygon" ? coordinates : coordinates.flat(),
  );
  const path = rings
    .flatMap(atDateLine)
    .map((ring) => `M${ring.map(point).join("L")}Z`)
    .join("");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 360 180"><path fill="#8a97a3" fill-opacity=".38" d="${path}"/></svg>`;
}

/** A ring that crosses the line at 180 degrees is in parts there, each closed along it, and not a stroke over the map. */
function atDateLine(ring) {
  const isCut = (i) => Math.abs(ring[i][0] - ring[(i + ring.length - 1) % ring.length][0]) > 180;
  const cuts = ring.flatMap((_, i) => (isCut(i) ? [i] : []));
  const [first] = cuts;
  if (first === undefined) return [ring];
  const turned = [...ring.slice(first), ...ring.slice(0, first)];
  return cuts.map((cut, n) => turned.slice(cut - first, (cuts[n + 1] ?? first + ring.length) - first));
}

function round(degrees) {
  return Number(degrees.toFixed(DECIMALS));
}

function licences(packages) {
  const parts = packages.map((name) => {
    const folder = join(root, "node_modules", name);
    const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return `${name} ${version} (${license})\n\n${readFileSync(join(folder, "LICENSE"), "utf8").trim()}\n`;
  });
  return `The dashboard contains these packages under their own licences.\n\n${parts.join(`\n${"=".repeat(80)}\n\n`)}`;
}
