import { randomUUID } from "node:crypto";
import pino from "pino";
import type { CommandModule } from "yargs";
import { type AgentConfig, loadAgentConfig, readToken } from "../config/config.js";
import { serveRules } from "../info/serve.js";
import { createProbeNetwork, type ProbeNetwork } from "../lease/probing.js";
import { connectBroker } from "../publish/broker.js";
import { runAgent } from "../run.js";
import { createThreadHost } from "../sender/thread-host.js";
import { type Clock, createSystemClock } from "../wire/clock.js";
import { openPacketPort, planPort } from "../wire/open-port.js";
import { abortOnInterrupt } from "./interrupt.js";

interface RunArguments {
  config: string;
  logLevel: string;
}

const LEVELS = ["debug", "info", "warn", "error"] as const;

/** `parallax-agent run`: works for a coordinator until Ctrl-C or SIGTERM. Logs JSON lines to stderr. */
export const runCommand: CommandModule<object, RunArguments> = {
  command: "run",
  describe: "Work for a coordinator",
  builder: (args) =>
    args
      .option("config", { type: "string", demandOption: true, describe: "The agent's own file" })
      .option("logLevel", { type: "string", choices: LEVELS, default: "info", describe: "The least that is logged" }),
  handler: async ({ config: file, logLevel }) => {
    const config = loadAgentConfig(file);
    const brokerToken = readToken(config.broker.tokenFile, "broker.tokenFile");
    const coordinatorToken = readToken(config.coordinator.tokenFile, "coordinator.tokenFile");
    const clock = createSystemClock();
    const page = await serveRules(config, config.caps);
    const running = runAgent(
      {
        config,
        coordinatorToken,
        log: pino({ level: logLevel, base: { agent: config.name } }, pino.destination(2)),
        clock,
        random: Math.random,
        uuid: randomUUID,
        openNetwork: () => openNetwork(config, clock),
        connectBroker: () => connectBroker({ url: config.broker.url, token: brokerToken }, config.name),
      },
      abortOnInterrupt(),
    );
    await running.finally(() => page?.close());
  },
};

async function openNetwork(config: AgentConfig, clock: Clock): Promise<ProbeNetwork> {
  const plan = await planPort({ interface: config.interface });
  return createProbeNetwork({
    port: openPacketPort(plan),
    host: createThreadHost({ plan, threads: 1 }),
    source4: plan.ipv4?.source ?? null,
    source6: plan.ipv6?.source ?? null,
    packetsPerSecond: config.caps.packetsPerSecond,
    clock,
  });
}
