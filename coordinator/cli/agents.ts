import { setTimeout as sleep } from "node:timers/promises";
import type { Argv, CommandModule } from "yargs";
import { columns } from "../../shared/cli/table.js";
import { fidelityText } from "../../shared/selftest/self-test.js";
import { alarmText } from "../alarm/alarm.js";
import type { AgentReport } from "../alarm/report.js";
import type { AgentView } from "../session/fleet.js";
import { type Client, createClient } from "./client.js";
import type { CommonArguments } from "./common.js";

interface OneAgent extends CommonArguments {
  agent: string;
}
interface DrainArguments extends OneAgent {
  wait: boolean;
}

const LOOK_MS = 500;

const drainCommand: CommandModule<CommonArguments, DrainArguments> = {
  command: "drain <agent>",
  describe: "Give an agent no more work, and wait until it has finished what it has",
  builder: (args) =>
    oneAgent(args).option("wait", { type: "boolean", default: true, describe: "Wait for its end; --no-wait does not" }),
  handler: async ({ json, agent, wait, ...to }) => {
    const client = createClient(to);
    let view = await post(client, agent, "drain");
    while (wait && view.drain === "draining" && view.state !== "gone") {
      await sleep(LOOK_MS);
      const found = ((await client.call("/v1/agents")) as AgentReport[]).find((one) => one.agent === agent);
      if (found === undefined || found.drain === "") break;
      view = found;
    }
    process.stdout.write(`${json ? JSON.stringify(view) : drainText(view)}\n`);
  },
};

const revokeCommand: CommandModule<CommonArguments, OneAgent> = {
  command: "revoke <agent>",
  describe: "End an agent's session and let it in no more",
  builder: oneAgent,
  handler: async ({ json, agent, ...to }) => {
    const revoked = await createClient(to).call(`/v1/agents/${encodeURIComponent(agent)}/revoke`, {});
    process.stdout.write(json ? `${JSON.stringify(revoked)}\n` : `agent ${agent} is revoked\n`);
  },
};

const resumeCommand: CommandModule<CommonArguments, OneAgent> = {
  command: "resume <agent>",
  describe: "Give a drained agent work again",
  builder: oneAgent,
  handler: async ({ json, agent, ...to }) => {
    const view = await post(createClient(to), agent, "resume");
    process.stdout.write(`${json ? JSON.stringify(view) : `${agent} gets work again`}\n`);
  },
};

export const agentsCommand: CommandModule<CommonArguments, CommonArguments> = {
  command: "agents",
  describe: "Agents with their health, labels and rates; or drain, resume or revoke one",
  builder: (args) => args.command(drainCommand).command(resumeCommand).command(revokeCommand),
  handler: async ({ json, ...to }) => {
    const agents = (await createClient(to).call("/v1/agents")) as AgentReport[];
    process.stdout.write(json ? `${JSON.stringify(agents)}\n` : `${agentTable(agents)}\n`);
  },
};

/** A row per agent, and a line per alarm below. */
export function agentTable(agents: readonly AgentReport[]): string {
  if (agents.length === 0) return "no agent has connected yet";
  const header = [
    ...["agent", "vantage", "health", "labels", "driver", "clock", "fidelity"],
    ...["packets/s", "sent", "hit rate", "drops", "last error"],
  ];
  const rows = agents.map((agent) => [
    agent.agent,
    agent.vantage,
    healthOf(agent),
    Object.entries(agent.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(" "),
    ...placeOf(agent),
    String(agent.stats?.packetsPerSecond ?? 0),
    String(agent.stats?.packetsSent ?? 0),
    hitRate(agent),
    String(agent.stats?.kernelDrops ?? 0),
    agent.stats?.lastError ?? "",
  ]);
  const alarms = agents.flatMap((agent) => agent.alarms).map((alarm) => `  ALARM: ${alarmText(alarm)}`);
  return [columns([header, ...rows]), ...(alarms.length === 0 ? [] : ["", ...alarms])].join("\n");
}

/** What its self-test found: driver, clock, fidelity. */
function placeOf({ selfTest }: AgentReport): string[] {
  if (selfTest === null) return ["-", "-", "-"];
  const { driver, clock, fidelity } = selfTest;
  return [driver === "" ? "none" : driver, clock === null ? "-" : offsetText(clock.offsetUs), fidelityText(fidelity)];
}

/** How far the agent's clock is from the coordinator's, with the sign of the agent's. */
function offsetText(offsetUs: number): string {
  const ms = -offsetUs / 1_000;
  return `${ms > 0 ? "+" : ""}${ms.toFixed(1)} ms`;
}

/** Its connection, and what keeps it from work. */
function healthOf({ state, drain, alarms, stats, selfTests, selfTest }: AgentReport): string {
  const isTested = !selfTests || state === "gone" || selfTest?.problem === "";
  const troubles = [
    isTested ? "" : selfTest === null ? "self-test" : "unfit",
    drain,
    alarms.length > 0 ? "alarm" : "",
    (stats?.lastError ?? "") === "" ? "" : "trouble",
  ];
  return [state, ...troubles.filter((text) => text !== "")].join(", ");
}

/** Replies for each packet sent. */
function hitRate({ stats }: AgentReport): string {
  return stats === null || stats.packetsSent === 0
    ? "-"
    : `${((100 * stats.replies) / stats.packetsSent).toFixed(2)} %`;
}

function drainText({ agent, drain, state, leases, stats }: AgentView): string {
  if (drain === "drained")
    return `${agent} is drained: safe to upgrade; give it work again with: parallax agents resume ${agent}`;
  const left = `${leases} leases and ${stats?.spoolBytes ?? 0} bytes of its spool are left`;
  return `${agent} is draining (${state}): ${left}`;
}

function oneAgent(args: Argv<CommonArguments>) {
  return args.positional("agent", { type: "string", demandOption: true, describe: "Agent's name" });
}

async function post(client: Client, agent: string, verb: "drain" | "resume"): Promise<AgentView> {
  return (await client.call(`/v1/agents/${encodeURIComponent(agent)}/${verb}`, {})) as AgentView;
}
