import type { Logger } from "pino";
import { fidelityText, type SelfTest } from "../../shared/selftest/self-test.js";
import type { ConnectedAgent } from "../session/connected.js";
import type { Fleet } from "../session/fleet.js";
import type { VantageRecord, VantageStore } from "./record.js";

/** Puts what agents found out about themselves into the store and the log. */
export interface VantageBook {
  /** Resolves when the store has all that came so far; what it does not take is kept for the next call. */
  save(): Promise<void>;
}

/** Waiting records beyond these are lost, the oldest first: the agents tell them again at their next session. */
const MOST_WAITING = 10_000;

/** Listens to the fleet. `report`: what the store did not take is tried again with the next `save`. */
export function keepVantages(options: {
  readonly fleet: Fleet;
  readonly store: VantageStore;
  readonly log: Pick<Logger, "info" | "warn">;
}): VantageBook {
  const { fleet, store, log } = options;
  /** The last one of each agent. */
  const last = new Map<string, VantageRecord>();
  let waiting: VantageRecord[] = [];

  function take({ identity }: ConnectedAgent, report: SelfTest): void {
    const { vantage, agent, instance, version } = identity;
    const before = last.get(agent);
    const record: VantageRecord = { vantage, agent, instance, version, report };
    if (before?.instance === instance && isKnown(before.report, report)) return;
    last.set(agent, record);
    waiting = [...waiting, record].slice(-MOST_WAITING);
    const { driver, problem, clock, fidelity } = report;
    if (problem === "") log.info({ agent, driver, clock, fidelity: fidelityText(fidelity) }, "self-test passed");
    else log.warn({ agent, problem }, "self-test failed: the agent gets no work");
  }

  fleet.listen({
    joined: () => undefined,
    heartbeat: () => undefined,
    refused: () => undefined,
    selfTested: take,
  });
  return {
    async save() {
      const taken = waiting;
      if (taken.length === 0) return;
      waiting = [];
      try {
        await store.saveVantages(taken);
      } catch (error) {
        waiting = [...taken, ...waiting];
        throw error;
      }
    },
  };
}

/** A report that was told again in a new session, or a failure that is still the same. */
function isKnown(before: SelfTest, report: SelfTest): boolean {
  return before.testedMs === report.testedMs || (report.problem !== "" && before.problem === report.problem);
}
