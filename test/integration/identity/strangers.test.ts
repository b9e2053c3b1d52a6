import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import type { CampaignProgress } from "../../../coordinator/campaign/progress.js";
import { startSystem, type TestSystem } from "../support/system.js";
import { strangers } from "./strangers.js";

/** Longer on demand: `npm run jest -- test/integration/identity/strangers.test.ts --globals '{"strangersSeconds":60}'`. */
const SECONDS = Number((globalThis as { strangersSeconds?: number }).strangersSeconds ?? 4);
const CAMPAIGN = "series: s\ntargets: { ipv4: [198.18.0.0/24] }\nports: [80]\nseed: 1\nrate: { perAgentPps: 2000 }\n";

jest.setTimeout(120_000 + SECONDS * 1_000);

let system: TestSystem;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system.stop());

it("a coordinator whose ports get garbage and wrong protocols stays healthy, and an agent can work as before", async () => {
  const { attempts, answers } = await strangers(system.ports(), SECONDS);
  process.stderr.write(`${[...attempts.values()].reduce((sum, n) => sum + n, 0)} connections of strangers\n`);
  expect(new Set([...attempts.keys()].map((what) => what.split(":")[0])).size).toBe(6);
  // Sessions and operators answer nobody who has no certificate but with alerts of TLS (RFC 8446 section 5.1: type 21).
  for (const service of ["agents", "operators"]) {
    const heard = answers.get(service) ?? [];
    expect(heard.filter(({ secure, bytes }) => secure || bytes[0] !== 21)).toEqual([]);
  }
  // Enrolment does, which shows that answers are heard.
  expect(answers.get("enrolment")?.some(({ secure }) => secure)).toBe(true);
  await expect(system.api("/v1/status")).resolves.toMatchObject({ agents: 0 });
  await system.startAgent("fra-1", "fra");
  await system.until(
    () => system.api<unknown[]>("/v1/agents"),
    (agents) => agents.length === 1,
  );
  const { id } = await system.api<CampaignProgress>("/v1/campaigns", { text: CAMPAIGN });
  await system.api(`/v1/campaigns/${id}/start`, {});
  await system.until(
    () => system.api<CampaignProgress>(`/v1/campaigns/${id}`),
    ({ state }) => state === "finished",
  );
  const [found] = await system.query("SELECT uniqExact(target) AS n FROM syn_replies");
  expect(Number(found?.n)).toBe(256);
  // Each kind of refusal is a line or two of the log, however often it came.
  const refused = system.log().filter((line) => line.includes('"refused"'));
  expect(refused.length).toBeGreaterThan(0);
  expect(new Set(refused.map((line) => line.replace(/"time":\d+,/, ""))).size).toBe(refused.length);
  expect(system.log().filter((line) => /"level":[56]0/.test(line))).toEqual([]);
});
