import { randomUUID } from "node:crypto";
import pino, { type Logger } from "pino";
import { UserError } from "../../shared/errors.js";
import { isName } from "../../shared/lease/protocol.js";
import { metricsAddress } from "../../shared/metrics/server.js";
import { type AgentConfig, loadAgentConfig } from "../config/config.js";
import { keepIdentity } from "../identity/keep.js";
import { serveRules } from "../info/serve.js";
import { createPermission } from "../lease/permission.js";
import { createProbeNetwork, type ProbeNetwork } from "../lease/probing.js";
import { connectBroker } from "../publish/broker.js";
import { runAgent } from "../run.js";
import { openSenderHost } from "../sender/open-host.js";
import { createServiceManager, type ServiceEnvironment } from "../service/systemd.js";
import { openSimNetwork } from "../sim/network.js";
import { needMptcpKernel } from "../timing/kernel.js";
import { userAgentOf } from "../timing/user-agent.js";
import { createVisits } from "../timing/visit.js";
import { needSilentKernel } from "../verify/kernel-silence.js";
import { type Clock, createSystemClock } from "../wire/clock.js";
import { createLibc } from "../wire/libc.js";
import { openPacketPort } from "../wire/open-port.js";
import { planPort } from "../wire/plan-port.js";
import { checkSending } from "../wire/send-check.js";
import { listenForSyns } from "../wire/syn-listener.js";
import { abortOnInterrupt } from "./interrupt.js";

export interface RunOptions {
  readonly file: string;
  readonly logLevel: string;
  /** The reference in place of the file's; null: as the file says. */
  readonly reference: string | null;
  /** Where metrics are served; null: nowhere. */
  readonly metricsAddress: string | null;
}

/** Runs the agent of a file until it is interrupted. Rejects with UserError. */
export async function runAgentOf(
  { file, logLevel, reference, metricsAddress: where }: RunOptions,
  environment: ServiceEnvironment,
): Promise<void> {
  const config = withReference(loadAgentConfig(file), reference);
  const clock = createSystemClock();
  const log = pino({ level: logLevel, base: { agent: config.name } }, pino.destination(2));
  const service = createServiceManager({
    environment,
    pid: process.pid,
    report: (problem) => log.warn(problem),
  });
  const identity = keepIdentity(config, log);
  const address = where === null ? null : metricsAddress(where);
  const page = await serveRules(config, config.caps);
  // Its library is loaded for those who want metrics.
  const metrics = address === null ? null : await (await import("../metrics/metrics.js")).openAgentMetrics(address);
  if (metrics !== null) log.info({ url: metrics.url }, "metrics are served");
  const running = runAgent(
    {
      config,
      identity,
      log,
      clock,
      service,
      ...(metrics && { metrics }),
      random: Math.random,
      uuid: randomUUID,
      openNetwork: () => openNetwork(config, clock, log),
      connectBroker: () => connectBroker(config.broker.url, identity.current),
    },
    abortOnInterrupt(),
  );
  await running
    .finally(() => page?.close())
    .finally(() => metrics?.close())
    .finally(() => service.close());
}

async function openNetwork(config: AgentConfig, clock: Clock, log: Logger): Promise<ProbeNetwork> {
  const { packetsPerSecond } = config.caps;
  const { leftOut } = createPermission({ ...config, ports: config.caps.ports });
  if (config.simulator !== null) return openSimNetwork(config.simulator, { packetsPerSecond, leftOut, clock });
  const plan = await planPort({
    interface: config.interface,
    ...(config.driver === null ? {} : { driver: config.driver }),
    zeroCopy: config.zeroCopy,
    sendingThreads: config.senderThreads,
  });
  for (const { family, why } of plan.leftOut) log.warn({ family }, `IPv${family} is left out: ${why}`);
  await checkSending(plan);
  const port = openPacketPort(plan);
  return createProbeNetwork({
    driver: { name: plan.driver, reason: plan.driverReason },
    listen: listenForSyns(plan),
    port,
    host: openSenderHost(plan, port, clock),
    source4: plan.ipv4?.source ?? null,
    source6: plan.ipv6?.source ?? null,
    packetsPerSecond,
    leftOut,
    prepareHandshakes: needSilentKernel,
    webTiming: {
      prepare: () => needMptcpKernel(),
      visit: createVisits({
        ...{ libc: createLibc(), clock, userAgent: userAgentOf(config.contact) },
        source4: plan.ipv4?.source ?? null,
        source6: plan.ipv6?.source ?? null,
      }),
    },
    clock,
  });
}

function withReference(config: AgentConfig, agent: string | null): AgentConfig {
  if (agent === null) return config;
  if (!isName(agent)) {
    throw new UserError(`--reference ${agent} is no agent's name`, {
      remedy: "`parallax agents` shows their names",
      exitCode: 2,
    });
  }
  return { ...config, selfTest: { ...config.selfTest, reference: { agent, addresses: null } } };
}
