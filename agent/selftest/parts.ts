import type { Logger } from "pino";
import type { FromAgent } from "../../shared/selftest/exchange.js";
import type { AgentConfig } from "../config/config.js";
import type { LateNetwork } from "../lease/late-network.js";
import type { Permission } from "../lease/permission.js";
import type { Trouble } from "../lease/trouble.js";
import { createBackoff } from "../session/backoff.js";
import type { ExchangeHandlers } from "../session/handlers.js";
import type { Session } from "../session/session.js";
import { freeBytes } from "../spool/disk.js";
import type { Spool } from "../spool/spool.js";
import type { Clock } from "../wire/clock.js";
import type { ClockMeter } from "./clock-meter.js";
import { createSynListener } from "./listener.js";
import { createReferenceTester } from "./reference.js";
import { createSelfTester, type SelfTester } from "./self-test.js";

export interface SelfTestPartsOptions {
  readonly config: AgentConfig;
  readonly network: LateNetwork;
  readonly permission: Permission;
  readonly meter: ClockMeter;
  readonly trouble: Trouble;
  readonly log: Pick<Logger, "info">;
  readonly clock: Clock;
  readonly spool: Pick<Spool, "bytes">;
  /** Asked when there is something to say. */
  readonly session: () => Session;
  readonly random: () => number;
  /** Of this process' self-tests, 16 bytes. */
  readonly secret: Uint8Array;
  readonly allowedUntil: () => number;
}

/** The self-test of an agent, and its part in those of others. */
export interface SelfTestParts extends SelfTester {
  readonly exchange: ExchangeHandlers;
  /** Where others reach it as their reference. */
  referenceAddresses(): readonly Uint8Array[];
}

/** Ports on which boxes in front of a vantage point are met: those that are scanned. */
const PORTS = [80, 443];
const BACKOFF_MS = { firstMs: 2_000, mostMs: 300_000 };
const REFERENCE_BACKOFF_MS = { firstMs: 10_000, mostMs: 600_000 };

export function createSelfTestParts(options: SelfTestPartsOptions): SelfTestParts {
  const { config, network, permission, session, spool, secret, allowedUntil, random } = options;
  const { exitTarget, reference, reachableAt } = config.selfTest;
  const allowed = PORTS.filter((port) => permission.ports([port]) === null);
  const ports = allowed.length > 0 ? allowed : (config.caps.ports ?? PORTS).slice(0, 1);
  const referenceAddresses = () => (network.listen === null ? [] : (reachableAt ?? network.sources));
  const say = (message: FromAgent) => session().exchange(message);
  const referenceTester = createReferenceTester({
    ...{ network, permission, ports, secret, allowedUntil },
    clock: options.clock,
    say,
  });
  const listener = createSynListener({ network, addresses: referenceAddresses, say });
  const tester = createSelfTester({
    ...options,
    probing: { network, secret, allowedUntil },
    exitTarget: exitTarget === null ? null : { address: exitTarget, port: ports[0] ?? 80 },
    reference,
    referenceTester,
    spool: {
      maxBytes: config.spool.maxBytes,
      bytes: () => spool.bytes,
      freeBytes: () => freeBytes(config.spool.folder),
    },
    backoff: createBackoff({ ...BACKOFF_MS, random }),
    referenceBackoff: createBackoff({ ...REFERENCE_BACKOFF_MS, random }),
  });
  return {
    welcomed: tester.welcomed,
    disconnected: tester.disconnected,
    get last() {
      return tester.last;
    },
    referenceAddresses,
    exchange: { listen: listener.listen, answered: referenceTester.answered, heard: referenceTester.heard },
    async run(signal) {
      signal.addEventListener("abort", listener.close, { once: true });
      await tester.run(signal);
    },
  };
}
