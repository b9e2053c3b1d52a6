import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { CampaignProgress } from "../../../coordinator/campaign/progress.js";
import { enrolled } from "../../integration/support/enrolled.js";
import { type Coordinator, startCoordinator } from "../fleet/coordinator.js";
import { HELD_BACK_MS, holdsMptcpBack } from "./delays.js";
import { createTimingLab, type TimingLab } from "./timing-lab.js";

const CAMPAIGN = `
series: timed
targets: { ipv4: [198.18.0.1/32] }
ports: [80, 443]
stages: { synscan: { mptcp: [v1], replyWindowMs: 500 }, timing: { runs: 1 } }
`;
const VANTAGES = ["fra", "sin"] as const;

interface TimedRow {
  readonly vantage: string;
  readonly port: number;
  readonly run: number;
  readonly transport: string;
  readonly mptcp: string;
  readonly status: number;
  readonly connect_us: number;
}

/** Real agents, sockets, broker and tables; both vantage points are one machine, so a host has them both before it. */
describe("a campaign that times pages", () => {
  const folder = mkdtempSync(join(tmpdir(), "pxt-"));
  let coordinator: Coordinator;
  let lab: TimingLab;
  const agents: { stop(): Promise<void> }[] = [];
  beforeAll(async () => {
    coordinator = await startCoordinator(join(folder, "data"));
    lab = await createTimingLab([coordinator.ports.agents, coordinator.ports.broker]);
    for (const vantage of VANTAGES) {
      const token = async (...words: string[]) => coordinator.ask<{ token: string }>(...words).token;
      const identity = await enrolled(token, `${vantage}-1`, vantage);
      agents.push(lab.startAgent(join(folder, vantage), identity));
    }
  }, 120_000);
  afterAll(async () => {
    for (const agent of agents) await agent.stop();
    await lab?.destroy();
    await coordinator?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const logs = () => VANTAGES.map((vantage) => readFileSync(join(folder, vantage, "agent.log"), "utf8")).join("\n");
  async function until<T>(ask: () => Promise<T>, isSo: (answer: T) => boolean): Promise<T> {
    for (const end = Date.now() + 120_000; ; await sleep(300)) {
      const answer = await ask();
      if (isSo(answer)) return answer;
      if (Date.now() > end) throw new Error(`never: ${JSON.stringify(answer)}; ${logs()}`);
    }
  }
  const connected = () => coordinator.askWhileServing<{ state: string; problem?: string }[]>("agents");

  it("brings a row for each connection into the table, from every vantage point, one at a time over the whole fleet", async () => {
    writeFileSync(join(folder, "timed.yaml"), CAMPAIGN);
    let name = "";
    await lab.during(holdsMptcpBack, async () => {
      await until(connected, (found) => found.filter(({ state }) => state === "connected").length === VANTAGES.length);
      const { id } = await coordinator.askWhileServing<CampaignProgress>(
        ...["campaign", "create", join(folder, "timed.yaml"), "--start"],
      );
      name = id;
      const progress = () => coordinator.askWhileServing<CampaignProgress[]>("campaign", "list");
      const isOver = (all: CampaignProgress[]) => all.some((one) => one.id === id && one.state === "finished");
      expect((await until(progress, isOver)).find((one) => one.id === id)?.notes).toEqual([]);
    });

    const rows = coordinator.rows<TimedRow>(
      `SELECT vantage, port, run, transport, mptcp, status, connect_us FROM web_timings FINAL
       ORDER BY vantage, port, run, transport`,
    );
    expect(rows.map(({ vantage, port, run, transport }) => `${vantage} ${port} ${run} ${transport}`)).toEqual(
      VANTAGES.flatMap((vantage) =>
        [80, 443].flatMap((port) => ["0 tcp", "1 mptcp", "1 tcp"].map((one) => `${vantage} ${port} ${one}`)),
      ),
    );
    for (const { run, transport, mptcp, status, connect_us } of rows) {
      expect([status, mptcp]).toEqual([run === 0 ? 404 : 200, transport === "mptcp" ? "negotiated" : ""]);
      if (transport === "mptcp") expect(connect_us).toBeGreaterThanOrEqual(HELD_BACK_MS * 1000);
    }
    expect(lab.connections().most).toBe(1);
    expect(lab.connections().closest).toBeGreaterThanOrEqual(995);
    // Throws where a row is missing, there twice, or in no ledger.
    coordinator.ask("verify-ledger", name);
  }, 180_000);
});
