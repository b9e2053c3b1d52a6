import { UserError } from "../../../shared/errors.js";
import type { ScanStatus } from "./status.js";

/** Seconds that a scan has to find its first ports, and that the hit rate may be too low after that; as with ZMap. */
const WARM_UP_S = 5;
const PATIENCE_S = 5;

/** Looks at each report; answers with the error to end the scan with, or null. */
export function createFuses(limits: {
  readonly minHitRatePercent: number;
  readonly maxSendFailures: number | null;
}): (status: ScanStatus) => UserError | null {
  const { minHitRatePercent, maxSendFailures } = limits;
  let lowSinceS: number | null = null;

  return ({ elapsedS, hitRate, sent, sendErrors, sendingOver }) => {
    if (maxSendFailures !== null && sendErrors.total > maxSendFailures) {
      return new UserError(`stopped: ${sendErrors.total} failures to send, more than --max-sendto-failures allows`, {
        remedy: "look into the interface and its driver (doctor), or send more slowly",
      });
    }
    const isLow = elapsedS > WARM_UP_S && sent.total > 0 && !sendingOver && hitRate < minHitRatePercent;
    lowSinceS = isLow ? (lowSinceS ?? elapsedS) : null;
    if (lowSinceS === null || elapsedS - lowSinceS < PATIENCE_S) return null;
    return new UserError(
      `stopped: ${hitRate.toFixed(2)} % of the probes found an open port, --min-hitrate is ${minHitRatePercent} %`,
      { remedy: "check that replies reach this machine (firewall, route back), or lower --min-hitrate" },
    );
  };
}
