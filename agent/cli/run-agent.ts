import { randomUUID } from "node:crypto";
import pino from "pino";
import { type AgentConfig, loadAgentConfig, readToken } from "../config/config.js";
import { serveRules } from "../info/serve.js";
import { createPermission } from "../lease/permission.js";
import { createProbeNetwork, type ProbeNetwork } from "../lease/probing.js";
import { connectBroker } from "../publish/broker.js";
import { runAgent } from "../run.js";
import { createThreadHost } from "../sender/thread-host.js";
import { openSimNetwork } from "../sim/network.js";
import { type Clock, createSystemClock } from "../wire/clock.js";
import { openPacketPort, planPort } from "../wire/open-port.js";
import { abortOnInterrupt } from "./interrupt.js";

/** Runs the agent of a file until it is interrupted. Rejects with UserError. */
export async function runAgentOf(file: string, logLevel: string): Promise<void> {
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
}

async function openNetwork(config: AgentConfig, clock: Clock): Promise<ProbeNetwork> {
  const { packetsPerSecond } = config.caps;
  const { leftOut } = createPermission({ ...config, ports: config.caps.ports });
  if (config.simulator !== null) return openSimNetwork(config.simulator, { packetsPerSecond, leftOut, clock });
  const plan = await planPort({
    interface: config.interface,
    ...(config.driver === null ? {} : { driver: config.driver }),
  });
  return createProbeNetwork({
    port: openPacketPort(plan),
    host: createThreadHost(plan),
    source4: plan.ipv4?.source ?? null,
    source6: plan.ipv6?.source ?? null,
    packetsPerSecond,
    leftOut,
    clock,
  });
}
