import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CampaignProgress } from "../../coordinator/campaign/progress.js";
import type { LedgerReport } from "../../coordinator/ledger/report.js";
import { createRandom } from "../fuzz/random.js";
import { ACTIONS, type Action, choose } from "./actions.js";
import { type ChaosSite, startSite } from "./site.js";

export interface ChaosOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

export interface ChaosResult {
  /** How often each action was done. */
  readonly done: Readonly<Record<string, number>>;
  readonly kills: number;
  readonly report: LedgerReport | null;
  /** What is not as it must be; empty: nothing lost, nothing twice, everything asked. */
  readonly problems: readonly string[];
}

const AGENTS = 3;
const PACKETS_PER_SECOND = 400;
/** Two versions of MPTCP and two controls. */
const PROBES_PER_TARGET = 4;
/** Share of the time in which agents send although things fail around them; sizes the campaign. */
const SENDING = 0.6;
const LEAST_PAUSE_MS = 300;
const MORE_PAUSE_MS = 2_500;
/** Behind the last kill the campaign may take as long as it likes while it goes on; on a busy machine that is minutes. */
const STALLED_MS = 180_000;
const FINISH_WITHIN_MS = 1_800_000;

/** Breaks whatever can be broken under a running campaign, then lets it end and holds the tables against the ledgers. */
export async function runChaos({ minutes, seed, say }: ChaosOptions): Promise<ChaosResult> {
  const folder = mkdtempSync(join(tmpdir(), "parallax-chaos-"));
  const started = Date.now();
  const log = (line: string) => say(`${((Date.now() - started) / 1_000).toFixed(1).padStart(7)} s  ${line}`);
  const site = await startSite({
    folder,
    agents: AGENTS,
    spoolBytes: 16 * 1024 * 1024,
    packetsPerSecond: PACKETS_PER_SECOND,
    seed,
  });
  let isRight = false;
  try {
    const campaign = await createCampaign(site, minutes);
    log(`campaign ${campaign} started`);
    const done = await breakThings(site, seed, Date.now() + minutes * 60_000, log);
    log("everything is left alone now");
    const state = await finish(site, campaign, log);
    const { report, problems } = await verify(site, campaign, state);
    isRight = problems.length === 0;
    const kills = Object.entries(done).reduce((sum, [name, n]) => sum + (name.startsWith("kill") ? n : 0), 0);
    return { done, kills, report, problems };
  } finally {
    await site.stop();
    if (isRight) rmSync(folder, { recursive: true, force: true });
    else log(`everything is kept in ${folder}`);
  }
}

async function createCampaign(site: ChaosSite, minutes: number): Promise<string> {
  const targets = (AGENTS * PACKETS_PER_SECOND * minutes * 60 * SENDING) / PROBES_PER_TARGET;
  const length = Math.max(15, Math.min(24, 32 - Math.floor(Math.log2(targets))));
  const file = join(site.folder, "campaign.yaml");
  writeFileSync(
    file,
    `series: chaos
targets: { ipv4: [198.18.0.0/${length}] }
ports: [80]
placement: { mode: partition, recheck: { verdicts: [claims-v0, claims-v1], sample: 1/8 } }
stages: { synscan: { mptcp: [v0, v1], control: true, retries: 0, replyWindowMs: 1000 } }
rate: { perAgentPps: ${PACKETS_PER_SECOND} }
`,
  );
  const made = await site.parallax("campaign", "create", file, "--start", "--json");
  if (made.code !== 0) throw new Error(`no campaign: ${made.stderr}`);
  return (JSON.parse(made.stdout) as { id: string }).id;
}

/** One thing after the other, some beside another, until the time is over. */
async function breakThings(
  site: ChaosSite,
  seed: number,
  untilMs: number,
  log: (line: string) => void,
): Promise<Record<string, number>> {
  const random = createRandom(seed, "chaos");
  const done: Record<string, number> = Object.fromEntries(ACTIONS.map(({ name }) => [name, 0]));
  const running = new Set<Promise<void>>();
  const act = async (action: Action): Promise<void> => {
    const what = await action.run(site, random);
    if (what === null) return;
    done[action.name] = (done[action.name] ?? 0) + 1;
    log(`${action.name}: ${what}`);
  };
  while (Date.now() < untilMs) {
    const going = act(choose(random)).finally(() => running.delete(going));
    running.add(going);
    if (running.size > 1) await Promise.race(running);
    await sleep(LEAST_PAUSE_MS + random.below(MORE_PAUSE_MS));
  }
  await Promise.all(running);
  return done;
}

/** The campaign's last state: finished, or what it was when nothing moved any more. */
async function finish(
  site: ChaosSite,
  campaign: string,
  log: (line: string) => void,
): Promise<CampaignProgress | null> {
  const until = Date.now() + FINISH_WITHIN_MS;
  let last: CampaignProgress | null = null;
  let seen = { stage: "", atMs: Date.now() };
  while (Date.now() < Math.min(until, seen.atMs + STALLED_MS)) {
    const listed = await site.parallax("campaign", "list", "--json");
    const found = listed.code === 0 ? (JSON.parse(listed.stdout) as CampaignProgress[]) : [];
    last = found.find(({ id }) => id === campaign) ?? last;
    if (last !== null && last.state !== "running") break;
    const stage = JSON.stringify([last?.step, last?.marks]);
    if (stage !== seen.stage) seen = { stage, atMs: Date.now() };
    await sleep(1_000);
  }
  log(`campaign is ${last?.state ?? "not to be seen"}`);
  return last;
}

async function verify(site: ChaosSite, campaign: string, state: CampaignProgress | null) {
  const problems: string[] = [];
  const files: string[] = [];
  for (const { name, config } of site.agents) {
    const { stdout, code, stderr } = await site.agentCommand("ledger", "--config", config, "--campaign", campaign);
    if (code !== 0) problems.push(`ledger of ${name}: ${stderr}`);
    const file = join(site.folder, `${name}.ledger.ndjson`);
    writeFileSync(file, stdout);
    files.push("--ledger", file);
  }
  let report: LedgerReport | null = null;
  const until = Date.now() + 60_000;
  // The last lines of a ledger come seconds behind the campaign's end.
  do {
    const { stdout, stderr } = await site.parallax("verify-ledger", campaign, "--json", ...files);
    if (stdout === "") problems.push(`verify-ledger: ${stderr}`);
    else report = JSON.parse(stdout) as LedgerReport;
    await sleep(1_000);
  } while (report?.ok !== true && Date.now() < until);
  if (report?.ok !== true) problems.push("the ledgers are not what the tables have");
  if (report !== null && report.made.rows === 0) problems.push("no row was made: nothing was tried");
  if (state?.state !== "finished") problems.push(`the campaign is ${state?.state}, not finished`);
  const holes = await coverageHoles(site, campaign);
  if (holes !== "") problems.push(`not everything was asked: ${holes}`);
  return { report, problems };
}

/** Indices that no interval of coverage holds, by source; empty when there are none. */
async function coverageHoles(site: ChaosSite, campaign: string): Promise<string> {
  const asked = `SELECT source, sum(to - from) AS n, max(to) AS size, uniqExact(from) = count() AS once
    FROM coverage FINAL WHERE campaign = '${campaign}' AND kind = 'asked' GROUP BY source FORMAT JSONEachRow`;
  const { stdout, stderr, code } = await site.parallax("query", asked);
  if (code !== 0) return stderr;
  const lines = stdout.trim().split("\n").filter(Boolean);
  const wrong = lines.filter((line) => {
    const { n, size, once } = JSON.parse(line) as { n: string | number; size: string | number; once: number };
    return Number(n) !== Number(size) || once !== 1;
  });
  return lines.length === 0 ? "no coverage" : wrong.join(" ");
}
