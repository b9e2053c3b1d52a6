import { formatAddress } from "../../shared/address/address.js";
import type { ClockDifference, Fidelity, SelfTest } from "../../shared/selftest/self-test.js";

/** A self-test as the operator sees it: addresses are text, and the SYNs themselves are in the store. */
export interface SelfTestView {
  /** Unix milliseconds by the agent's clock. */
  readonly testedAtMs: number;
  /** Empty: fit to work. */
  readonly problem: string;
  readonly driver: string;
  readonly driverReason: string;
  readonly clock: ClockDifference | null;
  /** Null: nowhere. */
  readonly exitTarget: string | null;
  /** Null where a hop is silent. */
  readonly exitHops: readonly (string | null)[];
  readonly spoolFreeBytes: number;
  readonly spoolMaxBytes: number;
  readonly fidelity: Omit<Fidelity, "syns">;
}

export function selfTestView({
  testedMs,
  exit,
  fidelity: { syns: _, ...fidelity },
  ...report
}: SelfTest): SelfTestView {
  return {
    ...report,
    testedAtMs: testedMs,
    exitTarget: exit === null ? null : formatAddress(exit.target),
    exitHops: exit?.hops.map((hop) => (hop === null ? null : formatAddress(hop))) ?? [],
    fidelity,
  };
}
