import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Browser, Page } from "playwright-core";
import { installedChromium, launch } from "../../../deploy/bench/dashboard/browser.js";
import { FIREWALL, nmapText } from "../enrich/nmap-file.js";
import { openPage, overflow, seriousFindings } from "./browser.js";
import { type ServedDashboard, serveDashboard } from "./served.js";

const LARGEST_SCRIPT = 150_000;
const chromiumPath = installedChromium();
if (chromiumPath === null) console.warn("not tested in a browser: there is no chromium (apt-get install chromium)");

let served: ServedDashboard;
let newest = "";
beforeAll(async () => {
  served = await serveDashboard();
  newest = served.campaigns.at(-1) ?? "";
  const imported = await fetch(`${served.url}/v1/snapshots?kind=nmap&name=box.xml`, {
    method: "POST",
    headers: { ...bearer(), "Content-Type": "application/octet-stream" },
    body: nmapText([{ address: "198.51.100.2", found: FIREWALL }]),
  });
  expect(imported.status).toBe(200);
}, 120_000);
afterAll(() => served?.stop());

const get = (path: string, headers: Record<string, string> = {}) => fetch(`${served.url}${path}`, { headers });
const bearer = () => ({ Authorization: `Bearer ${served.token}` });

describe("what the coordinator serves", () => {
  it("is the page for everybody, with a policy that lets it load nothing from elsewhere", async () => {
    const page = await get("/");
    expect(page.status).toBe(200);
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(await page.text()).not.toMatch(/https?:\/\/|<style|<script>|style=/);
    expect((await get("/", { "If-None-Match": page.headers.get("etag") ?? "" })).status).toBe(304);
  });

  it("is a script of less than 150 KB when it is gzipped", async () => {
    const script = await get("/dashboard.js");
    const size = gzipSync(Buffer.from(await script.arrayBuffer()), { level: 9 }).length;
    process.stderr.write(`dashboard.js: ${size} bytes gzipped\n`);
    expect(size).toBeLessThan(LARGEST_SCRIPT);
  });

  it("has nothing of a campaign for somebody without the token", async () => {
    for (const path of [
      "/v1/overview",
      "/v1/class-counts",
      "/v1/places",
      `/v1/campaigns/${newest}/dossiers`,
      "/x/../index.html",
    ]) {
      expect([path, (await get(path)).status]).toEqual([path, 401]);
    }
  });

  it("is refused to a page of another origin, and under another name", async () => {
    expect((await get("/v1/overview", { ...bearer(), Origin: "https://evil.example" })).status).toBe(403);
  });

  it("has the bytes behind each hop", async () => {
    const hops = (await (await get(`/v1/campaigns/${newest}/hops/198.18.0.1?port=80`, bearer())).json()) as object[];
    expect(hops).toContainEqual(
      expect.objectContaining({
        vantage: "sin",
        variant: "v1",
        ttl: 2,
        responder: "198.51.100.2",
        kind: "time-exceeded",
      }),
    );
    expect((await get(`/v1/campaigns/${newest}/hops/198.18.0.1?port=0`, bearer())).status).toBe(400);
  });
});

const VIEWS: readonly (readonly [hash: string, title: string, words: string])[] = [
  ["#/live", "Live", "cancelled"],
  ["#/matrix", "Matrix", "198.18.0.1"],
  ["#/path?target=198.18.0.1&port=80", "Paths to 198.18.0.1", "first changed hop"],
  ["#/dossiers", "Middlebox dossiers", "22/tcp ssh OpenSSH 8.4p1"],
  ["#/growth", "Growth over campaigns", "not-capable"],
  ["#/agents", "Agents", "No agent has connected yet"],
  ["#/places", "Map of vantage points", "No vantage point yet"],
  ["#/optouts", "Opt-outs", "Nobody has opted out"],
  ["#/sql", "SQL", "Statement"],
];

(chromiumPath === null ? describe.skip : describe)("the dashboard in a browser", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(chromiumPath ?? "");
  });
  afterAll(() => browser.close());

  // Options of a select are texts, and not seen.
  const see = (page: Page, words: string) =>
    page.locator(":not(option)").getByText(words, { exact: false }).and(page.locator(":not(option)")).first().waitFor();
  const open = async (page: Page, hash: string) => {
    await page.goto(`${served.url}/#token=${served.token}`);
    await see(page, "up to date");
    await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  };

  it.each([
    [360, 740, false],
    [1_440, 900, true],
    [3_840, 2_160, false],
  ])(
    "has no error, nothing that axe finds serious and nothing beside the window, %d by %d, dark: %s",
    async (width, height, dark) => {
      const { page, complaints } = await openPage(browser, { width, height, dark });
      for (const [hash, title, words] of VIEWS) {
        await open(page, hash);
        await page.getByRole("heading", { level: 1, name: title, exact: true }).waitFor();
        await see(page, words);
        expect([hash, await seriousFindings(page)]).toEqual([hash, []]);
        expect([hash, await overflow(page)]).toEqual([hash, 0]);
      }
      expect(complaints).toEqual([]);
      await page.close();
    },
    // axe looks at nine views; on a machine that has other work it takes more than a minute.
    240_000,
  );

  it("asks for the token, takes no wrong one, and keeps the right one out of the address", async () => {
    const { page } = await openPage(browser, { width: 800, height: 600 });
    await page.goto(served.url);
    await page.getByLabel("Token").fill("wrong");
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByLabel("Token").fill(served.token);
    await page.getByRole("button", { name: "Open" }).click();
    await see(page, "up to date");
    await page.goto(`${served.url}/#token=${served.token}`);
    await see(page, "up to date");
    expect(page.url()).not.toContain(served.token);
    await page.close();
  });

  it("shows a hop's bytes with the keyboard alone, and gives the focus back", async () => {
    const { page } = await openPage(browser, { width: 1_280, height: 800 });
    await open(page, "#/path?target=198.18.0.1&port=80");
    const hop = page.getByRole("button", { name: /^sin, hop 2: 198\.51\.100\.2/ });
    await hop.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Hop 2 from sin" }).waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByRole("heading", { name: "Hop 2 from sin" }).waitFor({ state: "hidden" });
    expect(await page.evaluate("document.activeElement?.textContent")).toMatch(/^sin, hop 2: 198\.51\.100\.2/);
    await page.close();
  });

  it("runs a query, and says in ClickHouse's own words what is wrong with one", async () => {
    const { page } = await openPage(browser, { width: 1_280, height: 800 });
    await open(page, "#/sql");
    const statement = page.getByLabel("SQL of ClickHouse");
    await statement.fill(
      `SELECT host_verdict, count() AS n FROM hosts WHERE campaign = '${newest}' GROUP BY 1 ORDER BY 1`,
    );
    await statement.press("Control+Enter");
    await page.getByRole("cell", { name: "echoing-middlebox" }).waitFor();
    await statement.fill("SELECT nothing_of_the_kind");
    await page.getByRole("button", { name: "Run" }).click();
    await see(page, "nothing_of_the_kind` in scope");
    await page.getByLabel("Example").selectOption({ index: 1 });
    await page.getByRole("button", { name: "Run" }).click();
    await page.getByRole("cell", { name: "198.18.0.1", exact: true }).waitFor();
    await page.close();
  });
});
