import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { AgentReport } from "../../../coordinator/alarm/report.js";
import type { CampaignProgress } from "../../../coordinator/campaign/progress.js";
import type { OptOut } from "../../../coordinator/optout/event.js";
import { startSystem, type TestSystem } from "../support/system.js";

jest.setTimeout(180_000);

const CAMPAIGN = `
series: optouts
targets: { ipv4: [198.18.0.0/20] }
ports: [80]
placement: { mode: replicate }
stages: { synscan: { retries: 1, replyWindowMs: 200 }, tracebox: { from: [plain], maxTtl: 4, replyWindowMs: 200 } }
rate: { perAgentPps: 5000 }
`;
/** 1,024 of the 4,096 addresses. */
const isOptedOut = (address: string): boolean => /^198\.18\.[4-7]\./.test(address);
const WORDS = ["--reason", "mail of the owner", "--contact", "noc@example.net"];

let system: TestSystem;
let id: string;

beforeAll(async () => {
  system = await startSystem();
  for (const vantage of ["fra", "sin"]) await system.startAgent(`${vantage}-1`, vantage);
  await system.until(
    () => system.api<AgentReport[]>("/v1/agents"),
    (agents) => agents.length === 2,
  );
  ({ id } = await system.api<CampaignProgress>("/v1/campaigns", { text: CAMPAIGN }));
}, 60_000);
afterAll(() => system.stop());

describe("an opt-out in the middle of a campaign", () => {
  it("holds at every agent within seconds, and not one packet follows", async () => {
    await system.api(`/v1/campaigns/${id}/start`, {});
    await system.until(
      async () => system.sent.length,
      (sent) => sent > 2_000,
    );
    const startedMs = Date.now();
    const said = await system.json<Record<string, unknown>>("optout", "add", "198.18.4.0/22", ...WORDS);
    const holdsFrom = system.sent.length;
    expect(said).toMatchObject({ revision: 1, added: 1, known: 0, holding: ["fra-1", "sin-1"], waiting: [] });
    expect(Date.now() - startedMs).toBeLessThan(60_000);
    expect(system.sent.some(({ address }) => isOptedOut(address))).toBe(true);

    const { state } = await system.until(
      () => system.api<CampaignProgress>(`/v1/campaigns/${id}`),
      (progress) => progress.state !== "running",
    );
    expect(state).toBe("finished");
    const after = system.sent.slice(holdsFrom);
    expect(after.filter(({ address }) => isOptedOut(address))).toEqual([]);
    expect(new Set(after.map(({ vantage }) => vantage))).toEqual(new Set(["fra", "sin"]));
  });

  it("leaves a record of every target that was skipped, and no silence where nobody asked", async () => {
    const asked = new Set(
      system.sent.filter(({ address }) => isOptedOut(address)).map((one) => `${one.vantage} ${one.address}`),
    );
    expect(
      await system.query(`
        SELECT count() AS rows, uniqExact(target, vantage) AS targets, groupUniqArray(toString(reason)) AS reasons
        FROM target_skips FINAL WHERE startsWith(source, 'synscan/')`),
    ).toEqual([{ rows: 2 * 1_024 - asked.size, targets: 2 * 1_024 - asked.size, reasons: ["opt-out"] }]);
    expect(
      await system.query(`
        SELECT count() = (SELECT count() FROM target_skips FINAL) AS whole, sum(to - from) = count() AS ones
        FROM coverage FINAL WHERE kind = 'skipped' AND reason = 'opt-out'`),
    ).toEqual([{ whole: 1, ones: 1 }]);
    // N is what it was: every index is covered by an interval that was asked.
    expect(
      await system.query(`
        SELECT source, sum(to - from) AS n FROM coverage FINAL
        WHERE kind = 'asked' AND startsWith(source, 'synscan/') GROUP BY source ORDER BY source`),
    ).toEqual(["fra", "sin"].map((vantage) => ({ source: `synscan/v4/80/${vantage}`, n: 4_096 })));
    expect(
      await system.query(`
        SELECT count() AS n FROM target_views FINAL
        WHERE (target, vantage) IN (SELECT target, vantage FROM target_skips WHERE startsWith(source, 'synscan/'))`),
    ).toEqual([{ n: 0 }]);
  });

  it("is left out of the targets of the next campaign", async () => {
    const created = await system.api<CampaignProgress>("/v1/campaigns", { text: CAMPAIGN });
    const [row] = await system.query(`SELECT record FROM campaigns FINAL WHERE id = '${created.id}'`);
    const { ranges, optOuts } = JSON.parse(String(row?.record)) as {
      ranges: number[][];
      optOuts: { revision: number };
    };
    expect(ranges.map(([first = 0, last = 0]) => last - first + 1)).toEqual([1_024, 2_048]);
    expect(optOuts.revision).toBe(1);
    const canary = `${CAMPAIGN}canaries: [{ target: 198.18.5.5, port: 80 }]\n`;
    expect(await system.api("/v1/campaigns", { text: canary })).toMatchObject({
      error: "canaries[0].target: 198.18.5.5 is in 198.18.4.0/22, which has opted out",
    });
  });
});

describe("the record of opt-outs", () => {
  it("takes blocklists, counts what it knew, and keeps what was withdrawn", async () => {
    const file = join(system.folder, "blocklist.conf");
    writeFileSync(file, "# ours\n198.18.4.0/22 # again\n203.0.113.7\n2001:db8:1::/48 # mail of May\n");
    expect(await system.parallax("optout", "import", file, ...WORDS)).toBe(
      "opt-outs are at revision 2: 2 added, 1 known before; in force at 2 of 2 connected agents\n",
    );
    await system.parallax("optout", "withdraw", "203.0.113.7", "--reason", "wrong address");
    const optOuts = await system.json<OptOut[]>("optout", "list");
    expect(optOuts.map(({ prefix, reason, origin, withdrawn }) => [prefix, reason, origin, withdrawn?.reason])).toEqual(
      [
        ["198.18.4.0/22", "mail of the owner", "operator", undefined],
        ["203.0.113.7/32", "mail of the owner", "blocklist.conf", "wrong address"],
        ["2001:db8:1::/48", "mail of May", "blocklist.conf", undefined],
      ],
    );
    for (const [args, text] of [
      [["add", "300.0.0.0/8", ...WORDS], "300.0.0.0"],
      [["withdraw", "9.9.9.9", "--reason", "x"], "9.9.9.9/32 has not opted out"],
      [["import", "/nowhere", ...WORDS], "/nowhere cannot be read"],
      [["add", "9.9.9.9", "--reason", "x"], "contact"],
    ] as const) {
      const { code, stderr } = await system.run("optout", ...args);
      expect([code, stderr.split("\n").length]).toEqual([2, 2]);
      expect(stderr).toContain(text);
    }
  });

  it("is the same after a coordinator was killed, and agents that come back need no new copy", async () => {
    const before = await system.json("optout", "list");
    await system.killCoordinator();
    await system.startCoordinator();
    expect(await system.json("optout", "list")).toEqual(before);
    const reach = await system.until(
      () => system.api<{ revision: number; holding: string[] }>("/v1/optouts/reach"),
      ({ holding }) => holding.length === 2,
    );
    expect(reach.revision).toBe(3);
  });
});
