import { join } from "node:path";
import type { Browser } from "playwright-core";
import { startBenchWarehouse } from "../ingest/site.js";
import { dropPageCache } from "../page-cache.js";
import { CAMPAIGN, countFacts, EARLIER, VANTAGES } from "../query/facts.js";
import { fillOnce } from "../query/fill.js";
import type { BenchOptions, BenchResult } from "../result.js";
import { spreadOf, spreadText } from "../statistics.js";
import { installedChromium, launch } from "./browser.js";
import { recordCampaigns } from "./campaigns.js";
import { type BenchCoordinator, startCoordinator } from "./coordinator.js";
import { type BenchView, benchViews } from "./views.js";
import { type Visit, visit } from "./visit.js";

const MOST_COLD_ROUNDS = 5;
const FIRST_VIEW_MS = 1_000;
const SCRIPT_BYTES = 150_000;

interface Measured {
  readonly view: BenchView;
  readonly cold: readonly Visit[];
  readonly warm: readonly Visit[];
}

/** How long the dashboard's views take in a browser, from the navigation until they are drawn, behind many facts. */
export async function benchDashboard(options: BenchOptions): Promise<BenchResult> {
  const { facts, folder, only, rounds, say } = options;
  const chromium = installedChromium();
  if (chromium === null) {
    const title = "dashboard: not measured: there is no Chromium (apt-get install chromium)";
    return { name: "dashboard", title, tables: [], figures: null };
  }
  const data = options.data ?? join(folder, "dashboard");
  const { rows, views } = await prepare({ data, facts, folder, say });
  const [first] = views;
  if (first === undefined) throw new RangeError("no views");
  const browser = await launch(chromium);
  try {
    const measured: Measured[] = [];
    for (const view of views.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)))) {
      const look = (coordinator: BenchCoordinator) => visit(browser, coordinator, view, first);
      measured.push({ view, ...(await measure(data, rounds, look, say)) });
      say(
        `${view.name}: ${spreadOf((measured.at(-1)?.warm ?? []).map(({ drawnMs }) => drawnMs)).median.toFixed(0)} ms`,
      );
    }
    return resultOf(rows, browser, measured);
  } finally {
    await browser.close();
  }
}

/** A data folder with facts, rollups and campaigns, in which nothing is left to be done. */
async function prepare({
  data,
  facts,
  folder,
  say,
}: { data: string } & Pick<BenchOptions, "facts" | "folder" | "say">) {
  const warehouse = await startBenchWarehouse(join(data, "warehouse"), say);
  let prepared: { rows: number; views: BenchView[] };
  try {
    await fillOnce(warehouse.store, { facts, withEvidence: true, folder, say });
    prepared = { rows: await countFacts(warehouse.store), views: await benchViews(warehouse.store) };
  } finally {
    await warehouse.stop();
  }
  await recordCampaigns(data, say);
  const coordinator = await startCoordinator(data);
  try {
    // They are made in the first seconds after campaigns are over, and never again.
    say("making the coverage certificates");
    for (const id of [...EARLIER, CAMPAIGN]) await coordinator.certified(id);
  } finally {
    await coordinator.stop();
  }
  return prepared;
}

async function measure(
  data: string,
  rounds: number,
  look: (coordinator: BenchCoordinator) => Promise<Visit>,
  say: (text: string) => void,
) {
  const cold: Visit[] = [];
  for (let round = 0; round < Math.min(MOST_COLD_ROUNDS, rounds); round++) {
    dropPageCache(say);
    const coordinator = await startCoordinator(data);
    try {
      cold.push(await look(coordinator));
    } finally {
      await coordinator.stop();
    }
  }
  const warm: Visit[] = [];
  const coordinator = await startCoordinator(data);
  try {
    await look(coordinator);
    for (let round = 0; round < rounds; round++) warm.push(await look(coordinator));
  } finally {
    await coordinator.stop();
  }
  return { cold, warm };
}

function resultOf(rows: number, browser: Browser, measured: readonly Measured[]): BenchResult {
  const visits = measured.flatMap(({ cold, warm }) => [...cold, ...warm]);
  const scriptBytes = Math.max(0, ...visits.map((one) => one.scriptBytes));
  const complaints = [...new Set(visits.flatMap((one) => one.complaints))];
  const times = (all: readonly Visit[]) => all.map(({ drawnMs }) => drawnMs);
  const slow = measured
    .filter(({ view }) => view.hash === null)
    .flatMap(({ warm, cold }) => [
      { name: "warm", ms: spreadOf(times(warm)).median },
      { name: "cold", ms: spreadOf(times(cold)).median },
    ])
    .filter(({ ms }) => ms >= FIRST_VIEW_MS);
  return {
    name: "dashboard",
    title: `Dashboard in Chromium ${browser.version()}: ${rows} replies of one campaign from ${VANTAGES.length} vantage points, ${EARLIER.length} smaller campaigns before it`,
    tables: [
      {
        head: [
          "from the navigation until it is drawn",
          "warm: median (quartiles)",
          "cold: coordinator just started",
          "wanted",
        ],
        rows: measured.map(({ view, warm, cold }) => [
          view.hash === null ? view.name : `${view.name}, from the click`,
          spreadText(times(warm), 0, "ms"),
          spreadText(times(cold), 0, "ms"),
          view.hash === null ? `under ${FIRST_VIEW_MS} ms` : "",
        ]),
      },
      {
        head: ["of all visits", "most", "wanted"],
        rows: [
          ["scripts, gzipped", `${scriptBytes} bytes`, `under ${SCRIPT_BYTES}`],
          ["errors and warnings on the console", `${complaints.length}`, "none"],
        ],
      },
    ],
    figures: { rows, scriptBytes, complaints, measured },
    missed: [
      ...slow.map(({ name, ms }) => `the first view took ${ms.toFixed(0)} ms (${name}), wanted under ${FIRST_VIEW_MS}`),
      ...(scriptBytes < SCRIPT_BYTES ? [] : [`scripts have ${scriptBytes} bytes, wanted under ${SCRIPT_BYTES}`]),
      ...complaints.map((line) => `the page complains: ${line}`),
    ],
  };
}
