import { randomUUID } from "node:crypto";
import { join } from "node:path";
import pino from "pino";
import type { AgentConfig } from "../../../agent/config/config.js";
import { NO_SELF_TEST_TARGETS, type SelfTestConfig } from "../../../agent/config/self-test.js";
import type { AgentIdentity } from "../../../agent/identity/identity.js";
import { createProbeNetwork } from "../../../agent/lease/probing.js";
import type { AgentMetrics } from "../../../agent/metrics/metrics.js";
import { connectBroker } from "../../../agent/publish/broker.js";
import { runAgent } from "../../../agent/run.js";
import { createLocalHost } from "../../../agent/sender/local-host.js";
import { createSimPort } from "../../../agent/sim/port.js";
import type { SimWorld } from "../../../agent/sim/world.js";
import { createSystemClock } from "../../../agent/wire/clock.js";
import { parsePrefix } from "../../../shared/address/prefix.js";
import { NO_WEB_TIMING } from "../../agent/timing/no-web-timing.js";
import { keepForEver } from "../support/identity.js";

export interface SimAgentOptions {
  readonly name: string;
  readonly vantage: string;
  readonly world: SimWorld;
  readonly folder: string;
  /** Where a coordinator's agents connect to, `host:port`. */
  readonly agents: string;
  readonly broker: string;
  readonly identity: AgentIdentity;
  /** What its file says about its self-test; by default nothing. */
  readonly selfTest?: SelfTestConfig;
  readonly metrics?: AgentMetrics;
  /** Called before each attempt to open the interface; may reject. */
  readonly beforeOpening?: () => Promise<void>;
}

/** A whole agent in this process, on a port into a simulated world. Resolves when it has stopped. */
export function startSimAgent(options: SimAgentOptions): { stop(): Promise<void> } {
  const { name, vantage, world, folder, agents, broker, identity } = options;
  const clock = createSystemClock();
  const config: AgentConfig = {
    name,
    vantage,
    labels: {},
    identity,
    identityFolder: "unused",
    coordinator: { address: agents },
    broker: { url: broker },
    spool: { folder: join(folder, name), maxBytes: 100_000_000 },
    interface: "unused",
    caps: { packetsPerSecond: 5_000, ports: null },
    open: [parsePrefix("198.18.0.0/15")],
    block: [],
    blocked: [],
    contact: null,
    simulator: null,
    infoPage: null,
    driver: null,
    zeroCopy: false,
    senderThreads: 1,
    selfTest: options.selfTest ?? NO_SELF_TEST_TARGETS,
  };
  const openNetwork = async () => {
    await options.beforeOpening?.();
    const port = createSimPort({ world, vantage: "here", clock });
    const { ipv4: source4, ipv6: source6 } = world.attach("here");
    return createProbeNetwork({
      ...{ port, clock, source4, source6, leftOut: [] },
      host: createLocalHost({ port, source4, source6, clock }),
      packetsPerSecond: config.caps.packetsPerSecond,
      driver: { name: "sim", reason: "a test" },
      listen: null,
      prepareHandshakes: async () => undefined,
      webTiming: NO_WEB_TIMING,
    });
  };
  const abort = new AbortController();
  const ended = runAgent(
    {
      config,
      identity: keepForEver(identity),
      log: pino({ level: "silent" }),
      ...(options.metrics && { metrics: options.metrics }),
      clock,
      random: Math.random,
      uuid: randomUUID,
      openNetwork,
      connectBroker: () => connectBroker(broker, () => identity),
      timing: { checkpointMs: 100, windowMs: 2_000, drainMs: 500, farewellMs: 500 },
    },
    abort.signal,
  );
  ended.catch(() => undefined);
  return {
    stop() {
      abort.abort();
      return ended;
    },
  };
}
