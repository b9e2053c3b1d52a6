import type { AgentIdentity, AgentLink, Heartbeat, ToAgent } from "../../../coordinator/session/agent.js";
import type { LeaseMarks } from "../../../shared/lease/work.js";
import { type SelfTest, unknownFidelity } from "../../../shared/selftest/self-test.js";

/** An agent of the present version. */
export function identity(change: Partial<AgentIdentity> = {}): AgentIdentity {
  return {
    agent: "fra-1",
    vantage: "fra",
    labels: { web: "80" },
    version: "0.1.0",
    protocol: 1,
    instance: "life-1",
    spool: "disk-1",
    ipv4: true,
    ipv6: true,
    maxPps: 1_000,
    opened: [],
    yields: true,
    optOuts: "",
    selfTests: false,
    referenceAddresses: [],
    ...change,
  };
}

/** What an agent says that is fit. */
export function selfTest(change: Partial<SelfTest> = {}): SelfTest {
  return {
    ...{ testedMs: 1_700_000_000_000, problem: "", driver: "packet", driverReason: "the fastest", clock: null },
    ...{ exit: null, spoolFreeBytes: 1, spoolMaxBytes: 1, fidelity: unknownFidelity("", "") },
    ...change,
  };
}

export function heartbeat(sequence: number, leases: readonly LeaseMarks[] = []): Heartbeat {
  return { sequence, leases, stats: null, optOuts: 0 };
}

/** A link that keeps what was sent. */
export function recordingLink(): AgentLink & { readonly sent: ToAgent[]; ended: string | null; writable: boolean } {
  const sent: ToAgent[] = [];
  return {
    sent,
    ended: null,
    writable: true,
    send(message) {
      sent.push(message);
    },
    end(reason) {
      this.ended = reason;
    },
  };
}

/** Time that stands until it is moved. */
export function standingClock() {
  let nowMs = 50_000;
  return {
    wallMs: () => 1_700_000_000_000 + nowMs,
    monotonicMs: () => nowMs,
    pass(ms: number) {
      nowMs += ms;
    },
  };
}
