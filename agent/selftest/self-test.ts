import { formatAddress } from "../../shared/address/address.js";
import { UserError } from "../../shared/errors.js";
import {
  type ExitHops,
  type Fidelity,
  fidelityText,
  type SelfTest,
  unknownFidelity,
} from "../../shared/selftest/self-test.js";
import type { Target } from "../../shared/target/source.js";
import type { LateNetwork } from "../lease/late-network.js";
import type { Permission } from "../lease/permission.js";
import type { Trouble } from "../lease/trouble.js";
import type { Backoff } from "../session/backoff.js";
import type { Session } from "../session/session.js";
import type { Clock } from "../wire/clock.js";
import type { ClockMeter } from "./clock-meter.js";
import { findExitHops } from "./exit-hops.js";
import type { TestProbing } from "./probe.js";
import type { ReferenceChoice, ReferenceTester } from "./reference.js";

export interface SelfTesterOptions {
  readonly network: LateNetwork;
  readonly session: () => Pick<Session, "selfTest" | "again">;
  readonly meter: ClockMeter;
  readonly permission: Pick<Permission, "targets" | "ports">;
  readonly probing: TestProbing;
  /** Null: exit hops are not looked for. */
  readonly exitTarget: Target | null;
  /** Null: nobody hears this agent's SYNs. */
  readonly reference: ReferenceChoice | null;
  readonly referenceTester: Pick<ReferenceTester, "measure">;
  readonly spool: {
    readonly maxBytes: number;
    readonly bytes: () => number;
    readonly freeBytes: () => Promise<number>;
  };
  readonly trouble: Trouble;
  readonly log: { info(fields: object, line: string): void };
  readonly clock: Pick<Clock, "sleep" | "unixMs" | "monotonicMs">;
  /** Between two attempts: after a failure, and for a reference that could not be asked. */
  readonly backoff: Backoff;
  readonly referenceBackoff: Backoff;
}

/** Finds out whether this agent can work, and tells the coordinator, which gives it no lease before. */
export interface SelfTester {
  /** A session has begun: what is known is told again, for a new session knows nothing. */
  welcomed(): void;
  disconnected(): void;
  /** The last one; null: none is over. */
  readonly last: SelfTest | null;
  /** Tests until it is fit and all is known. Rejects with UserError when the agent's file is wrong. */
  run(signal: AbortSignal): Promise<void>;
}

const TROUBLE = "self-test";
const LOOK_MS = 50;
const CLOCK_WITHIN_MS = 3_000;
/** The smallest spool that an agent's file can give. */
const LEAST_SPOOL_BYTES = 16 * 1_048_576;

export function createSelfTester(options: SelfTesterOptions): SelfTester {
  const { network, meter, clock, trouble, reference, exitTarget, spool } = options;
  let isConnected = false;
  let last: SelfTest | null = null;

  async function connected(signal: AbortSignal): Promise<void> {
    while (!isConnected && !signal.aborted) await clock.sleep(LOOK_MS);
  }

  async function attempt(signal: AbortSignal): Promise<SelfTest> {
    const found = {
      ...{ testedMs: clock.unixMs(), problem: "", driver: "", driverReason: "" },
      ...{ spoolFreeBytes: 0, spoolMaxBytes: spool.maxBytes },
      exit: null as ExitHops | null,
      fidelity: unknownFidelity(reference?.agent ?? "", ""),
    };
    try {
      found.spoolFreeBytes = await spool.freeBytes();
      checkSpool(found.spoolFreeBytes, spool.bytes());
      await openNetwork(signal);
      found.driver = network.driver.name ?? "";
      found.driverReason = network.driver.reason;
      for (const until = clock.monotonicMs() + CLOCK_WITHIN_MS; !isClockKnown(until); ) await clock.sleep(LOOK_MS);
      if (exitTarget !== null) {
        checkExitTarget(exitTarget, options.permission);
        found.exit = await findExitHops(exitTarget, options.probing, signal);
      }
      found.fidelity = await measure(signal);
    } catch (error) {
      // What is wrong in the agent's own file is not mended by waiting.
      if (!(error instanceof UserError) || error.exitCode === 2) throw error;
      found.problem = error.line;
    }
    return { ...found, clock: meter.difference };
  }

  /** What the hello says of families has changed when it opens late: hence another one. */
  async function openNetwork(signal: AbortSignal): Promise<void> {
    if (network.driver.name !== null) return;
    await network.open();
    isConnected = false;
    options.session().again();
    await connected(signal);
  }

  const isClockKnown = (until: number): boolean =>
    meter.difference !== null || meter.isUntold || clock.monotonicMs() > until;

  const measure = async (signal: AbortSignal): Promise<Fidelity> =>
    reference === null ? unknownFidelity("", "") : options.referenceTester.measure(reference, signal);

  function tell(report: SelfTest): void {
    last = report;
    if (report.problem === "") trouble.end(TROUBLE);
    else trouble.begin(TROUBLE, report.problem);
    const { driver, driverReason, clock: difference, fidelity, exit } = report;
    if (report.problem === "") {
      const hops = exit?.hops.map((hop) => (hop === null ? "*" : formatAddress(hop)));
      options.log.info(
        { driver, driverReason, clock: difference, exitHops: hops, fidelity: fidelityText(fidelity) },
        "self-test passed",
      );
    }
    if (isConnected) options.session().selfTest(report);
  }

  return {
    welcomed() {
      isConnected = true;
      if (last?.problem === "") options.session().selfTest(last);
    },
    disconnected() {
      isConnected = false;
    },
    get last() {
      return last;
    },
    async run(signal) {
      while (!signal.aborted && last?.problem !== "") {
        await connected(signal);
        if (signal.aborted) return;
        const report = await attempt(signal);
        if (signal.aborted) return;
        tell(report);
        if (report.problem !== "") await sleepFor(options.backoff.nextMs(), signal);
      }
      while (!signal.aborted && reference !== null && last?.fidelity.state === "unknown") {
        await sleepFor(options.referenceBackoff.nextMs(), signal);
        await connected(signal);
        if (signal.aborted) return;
        const fidelity = await measure(signal);
        if (fidelity.state !== "unknown" && last !== null) tell({ ...last, testedMs: clock.unixMs(), fidelity });
      }
    },
  };

  async function sleepFor(ms: number, signal: AbortSignal): Promise<void> {
    for (const until = clock.monotonicMs() + ms; clock.monotonicMs() < until && !signal.aborted; ) {
      await clock.sleep(Math.min(LOOK_MS, until - clock.monotonicMs()));
    }
  }
}

function checkSpool(freeBytes: number, spoolBytes: number): void {
  if (freeBytes + spoolBytes >= LEAST_SPOOL_BYTES) return;
  throw new UserError(`the spool's disk has ${Math.floor(freeBytes / 1_048_576)} MiB left`, {
    remedy: "make room on it, or give spool.folder another disk",
  });
}

function checkExitTarget({ address, port }: Target, permission: SelfTesterOptions["permission"]): void {
  const forbidden = permission.ports([port]) ?? permission.targets([{ address, port }]);
  if (forbidden === null) return;
  throw new UserError(`exitTarget: ${forbidden}`, { remedy: "name another one in the agent's file, or none" });
}
