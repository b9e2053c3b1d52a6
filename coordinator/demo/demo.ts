import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { PORTS } from "../../deploy/lab/networks.js";
import { UserError } from "../../shared/errors.js";
import { VERSION } from "../../shared/version.js";
import type { AgentReport } from "../alarm/report.js";
import type { CampaignProgress } from "../campaign/progress.js";
import type { CanaryReport } from "../canary/read.js";
import { agentTable } from "../cli/agents.js";
import { canaryTable } from "../cli/canaries.js";
import { type Client, createClient } from "../cli/client.js";
import { createProgressPrinter } from "../cli/progress.js";
import { followReplay } from "../cli/replay.js";
import type { Comparison, Explanation } from "../compare/document.js";
import { printComparison } from "../compare/print.js";
import type { Dossiers } from "../dossier/document.js";
import { printExplanation } from "../explain/print.js";
import { type Parallax, startParallax } from "../up/up.js";
import { type DemoAgents, startAgents } from "./agents.js";
import { sweepCampaign, zooCampaign } from "./campaigns.js";
import { differences } from "./check.js";
import { unnamedBoxes, untrueDossiers } from "./dossiers.js";
import {
  type HandshakeFound,
  handshakeDifferences,
  handshakeFound,
  handshakesSql,
  needleDifferences,
} from "./handshakes.js";
import { type DemoLab, type LabChoice, startDemoLab } from "./lab.js";

export interface DemoOptions {
  /** Name of an agent to kill in the middle of the sweep, or null. */
  readonly kill: string | null;
  readonly lab: LabChoice;
  readonly out: NodeJS.WriteStream;
  readonly log: Logger;
  /** Ends the demo early. */
  readonly signal: AbortSignal;
}

/** A demo that has run: what differs from the lab's truth, and the running system. */
export interface DemoResult {
  readonly differences: readonly string[];
  /** No real packet was sent. */
  readonly simulated: boolean;
  readonly parallax: Parallax;
  readonly sweep: string;
  readonly zoo: string;
}

const AGENTS_TIMEOUT_MS = 60_000;
/** How much of the sweep is done when an agent is killed. */
const KILL_AT = 0.3;

/**
 * Brings the lab, a coordinator and its agents up, runs both campaigns and compares them with what the lab was built to
 * be. `use` gets the running system; when it returns, everything is taken down again, also after an error.
 */
export async function runDemo(options: DemoOptions, use: (result: DemoResult) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "parallax-demo-"));
  const say = (text: string) => options.out.write(`${text}\n`);
  const fatal = new AbortController();
  const signal = AbortSignal.any([options.signal, fatal.signal]);
  const giveUp = (reason: string) => fatal.abort(new UserError(reason, { remedy: "run the demo again" }));
  const stops: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true, force: true })];
  try {
    const parallax = await startParallax({
      data: join(folder, "data"),
      ports: { api: 0, warehouse: 0, agents: 0, enrolment: 0, broker: 0 },
      version: VERSION,
      log: options.log,
      writes: options.log,
      onFatal: giveUp,
    });
    stops.push(() => parallax.stop());
    const lab = await startDemoLab({ choice: options.lab, folder: join(folder, "lab"), parallax, say });
    stops.push(() => lab.stop());
    void lab.ended.then(giveUp);
    if (options.kill !== null && !lab.machines.some(({ name }) => name === options.kill)) {
      throw new UserError(`there is no agent ${options.kill} to kill`, {
        remedy: `choose one of ${lab.machines.map(({ name }) => name).join(", ")}`,
        exitCode: 2,
      });
    }
    const agentFolder = join(folder, "agents");
    mkdirSync(agentFolder);
    const agents = await startAgents({
      lab,
      parallax,
      folder: agentFolder,
      onEvent: (text) => say(`  ${text}`),
    });
    stops.push(() => agents.release());
    const client = createClient({ data: parallax.state.folder });
    await untilConnected(client, lab, signal);
    say(`\nAgents\n${agentTable((await client.call("/v1/agents")) as AgentReport[])}`);

    say("\nSweep: 65,536 hosts on two ports, each asked once, by whichever agent is free");
    const sweep = await runCampaign(
      client,
      sweepCampaign(lab.truth),
      { ...options, signal },
      killOnce(options.kill, agents),
    );
    const found = (await client.call(`/v1/campaigns/${sweep}/compare`)) as Comparison;
    say(`\n$ parallax compare ${sweep}\n\n${printComparison(found)}`);
    const canaries = (await client.call(`/v1/campaigns/${sweep}/canaries`)) as CanaryReport[];
    say(`$ parallax canaries ${sweep}\n\n${canaryTable(canaries)}\n`);

    say("Zoo: hosts behind middleboxes, each asked, verified and traced from every vantage point");
    const zoo = await runCampaign(client, zooCampaign(lab.truth), { ...options, signal }, () => undefined);
    say(`\n$ parallax compare ${zoo} --port 80\n`);
    say(printComparison((await client.call(`/v1/campaigns/${zoo}/compare?port=80`)) as Comparison));
    const hidden = lab.truth.find((target) => target.placement === "near-source");
    if (hidden !== undefined) {
      say(`$ parallax explain ${hidden.address}\n`);
      const told = (await client.call(`/v1/campaigns/${zoo}/explain/${hidden.address}`)) as Explanation[];
      for (const explanation of told.slice(0, 1)) say(printExplanation(explanation));
    }
    const { dossiers } = (await client.call(`/v1/campaigns/${zoo}/dossiers?limit=1000000`)) as Dossiers;
    await use({
      differences: [
        ...differences(lab.truth, await everyTarget(client, zoo)),
        ...unnamedBoxes(lab.truth, dossiers),
        ...untrueDossiers(lab.truth, dossiers),
        ...handshakeDifferences(lab.truth, await handshakesOf(parallax, zoo)),
        ...checkSweep(found, lab.needles),
        ...checkCanaries(canaries),
        ...needleDifferences(lab, await handshakesOf(parallax, sweep)),
        ...(await duplicates(parallax)),
        ...(await differentlyReplayed(client, zoo)),
      ],
      simulated: lab.world !== null,
      parallax,
      sweep,
      zoo,
    });
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

async function untilConnected(client: Client, lab: DemoLab, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + AGENTS_TIMEOUT_MS;
  for (;;) {
    const agents = (await client.call("/v1/agents")) as AgentReport[];
    if (agents.filter((agent) => agent.state === "connected").length === lab.machines.length) return;
    if (Date.now() > deadline) {
      throw new UserError(`only ${agents.length} of ${lab.machines.length} agents connected in a minute`, {
        remedy: "run the demo again with --log-level debug",
      });
    }
    await sleep(200, undefined, { signal });
  }
}

/** Runs one campaign to its end, showing its progress. Resolves with its name. */
async function runCampaign(
  client: Client,
  text: string,
  { out, signal }: DemoOptions,
  onProgress: (progress: CampaignProgress) => void,
): Promise<string> {
  const { id } = (await client.call("/v1/campaigns", { text })) as CampaignProgress;
  await client.call(`/v1/campaigns/${id}/start`, {});
  const printer = createProgressPrinter(out);
  let last: CampaignProgress | null = null;
  for await (const value of client.lines(`/v1/campaigns/${id}/watch`, signal)) {
    last = value as CampaignProgress;
    printer.show(last);
    onProgress(last);
  }
  printer.end();
  if (last?.state !== "finished") {
    throw new UserError(`campaign ${id} ended as ${last?.state}: ${last?.error}`, { remedy: "see the messages above" });
  }
  return id;
}

function killOnce(machine: string | null, agents: DemoAgents): (progress: CampaignProgress) => void {
  let due = machine !== null;
  return ({ marks, step }) => {
    if (!due || machine === null || step !== "synscan" || marks.sent < marks.size * KILL_AT) return;
    due = false;
    agents.kill(machine).catch(() => undefined);
  };
}

/** Every target of a campaign, also those that all vantage points see alike. */
async function everyTarget(client: Client, campaign: string) {
  const comparison = (await client.call(
    `/v1/campaigns/${campaign}/compare?limit=1000000&everything=true`,
  )) as Comparison;
  return comparison.disagreements;
}

/** All hosts of the crowd answered, and exactly the needles among them speak MPTCP. */
function checkSweep(found: Comparison, needles: readonly string[]): string[] {
  const hosts = 65_536 * PORTS.length;
  const mptcp = found.classes.filter((row) => row.hostVerdict === "mptcp").reduce((sum, row) => sum + row.targets, 0);
  const lines: string[] = [];
  if (found.targets !== hosts) lines.push(`sweep: ${found.targets} of ${hosts} targets answered`);
  if (mptcp !== needles.length * PORTS.length)
    lines.push(`sweep: ${mptcp} targets speak MPTCP, should be ${needles.length * PORTS.length}`);
  return lines;
}

/** What the rules make of the evidence that was kept must be what the agents made of the packets. */
async function differentlyReplayed(client: Client, campaign: string): Promise<string[]> {
  const { tables, changes } = await followReplay(client, campaign, false);
  return [
    ...tables.filter(({ kept }) => kept > 0).map(({ table, kept }) => `${table}: ${kept} rows cannot be judged again`),
    ...changes.map(({ table, column, from, to, rows }) => {
      return `${table}: judged again, ${rows} rows have ${to || "-"} in place of ${from || "-"} as ${column}`;
    }),
  ];
}

/** Every canary was asked from every vantage point, and says what it should. */
function checkCanaries(reports: readonly CanaryReport[]): string[] {
  const wrong = reports.filter(({ answer, wrongSinceMs }) => answer === null || wrongSinceMs !== null);
  return wrong.map(
    ({ vantage, target, port, expected, answer }) =>
      `canary ${target} port ${port} from ${vantage}: ${answer ?? "was not asked"}, should be ${expected}`,
  );
}

async function handshakesOf(parallax: Parallax, campaign: string): Promise<HandshakeFound[]> {
  const lines = (await query(parallax, `${handshakesSql(campaign)} FORMAT JSONEachRow`)).split("\n");
  return lines.filter((line) => line !== "").map((line) => handshakeFound.parse(JSON.parse(line)));
}

/** Rows that are in a table more than once. */
async function duplicates(parallax: Parallax): Promise<string[]> {
  const lines: string[] = [];
  for (const table of ["syn_replies", "trace_hops", "handshakes"]) {
    const count = Number(await query(parallax, `SELECT count() - uniqExact(batch, row) FROM ${table}`));
    if (count !== 0) lines.push(`${table}: ${count} rows are there twice`);
  }
  return lines;
}

async function query(parallax: Parallax, body: string): Promise<string> {
  const headers = { "X-ClickHouse-Key": parallax.state.token("operator") };
  const response = await fetch(parallax.where.warehouse, { method: "POST", headers, body });
  const text = await response.text();
  if (response.ok) return text;
  throw new UserError(`the warehouse refuses a query: ${text.trim()}`, { remedy: "run the demo again" });
}
