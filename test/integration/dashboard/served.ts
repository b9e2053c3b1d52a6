import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeSmallCampaign } from "../report/small-campaign.js";
import { startTestWarehouse } from "../support/warehouse.js";

/** A real `parallax up` with two campaigns that found the same, and were ended by hand. */
export interface ServedDashboard {
  readonly url: string;
  readonly token: string;
  /** The oldest first. */
  readonly campaigns: readonly string[];
  stop(): Promise<void>;
}

const CAMPAIGNS = 2;
/** Never started, and there is no agent: nobody is asked. */
const SPEC =
  "series: weekly\ntargets: { ipv4: [1.0.0.0/29] }\nports: [80]\nstages: { synscan: { mptcp: [v1] }, tracebox: {} }\n";
const SERVICES = ["api", "warehouse", "agents", "enrolment", "broker"];

/** What a campaign finds is put into the tables between two lives of the coordinator: nobody else may write to them. */
export async function serveDashboard(): Promise<ServedDashboard> {
  const folder = mkdtempSync(join(tmpdir(), "parallax-dashboard-"));
  const data = join(folder, "data");
  try {
    const { token, campaigns } = await firstLife(data);
    await fill(join(data, "warehouse"), campaigns);
    const second = await startUp(data);
    return {
      ...{ url: second.url, token, campaigns },
      stop: async () => {
        await end(second.child);
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Makes the campaigns. */
async function firstLife(data: string): Promise<Pick<ServedDashboard, "token" | "campaigns">> {
  const { child, url } = await startUp(data);
  try {
    const token = readFileSync(join(data, "operator.token"), "utf8").trim();
    const campaigns: string[] = [];
    while (campaigns.length < CAMPAIGNS) campaigns.push(await endedCampaign(url, token));
    return { token, campaigns };
  } finally {
    await end(child);
  }
}

async function fill(folder: string, campaigns: readonly string[]): Promise<void> {
  const { store, warehouse } = await startTestWarehouse({ folder });
  try {
    for (const campaign of campaigns) await makeSmallCampaign(store, campaign);
  } finally {
    await store.close();
    await warehouse.stop();
  }
}

async function startUp(data: string): Promise<{ child: ChildProcess; url: string }> {
  const args = ["up", "--json", "--data", data, ...SERVICES.flatMap((name) => [`--${name}-port`, "0"])];
  const child = spawn(process.execPath, ["dist/coordinator/main.js", ...args], { stdio: ["ignore", "pipe", "ignore"] });
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout?.setEncoding("utf8").once("data", resolve);
    child.once("exit", (code) => reject(new Error(`up ended with ${code}`)));
  });
  return { child, url: (JSON.parse(line) as { api: string }).api };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}

async function endedCampaign(url: string, token: string): Promise<string> {
  const post = async (path: string, body: object) => {
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    const answer = await fetch(`${url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()) as { id: string };
  };
  const { id } = await post("/v1/campaigns", { text: SPEC });
  await post(`/v1/campaigns/${id}/cancel`, {});
  return id;
}
