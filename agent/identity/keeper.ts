import { type AgentIdentity, requireUnexpired } from "./identity.js";

/** Certificates are renewed when this share of their life is over. */
const RENEW_AFTER = 2 / 3;
/** Pause after an attempt that failed, as a share of the certificate's life; doubled each time up to the most. */
const FIRST_RETRY = 1 / 2_000;
const MOST_RETRY = 1 / 20;
const LEAST_RETRY_MS = 1_000;
/** Clocks are set while a machine sleeps or starts: the time left is never trusted for longer. */
const LONGEST_SLEEP_MS = 600_000;

/** When to try next, in Unix milliseconds. `failures` in a row so far, the last one at `failedMs`. */
export function nextRenewalMs(
  { issuedMs, expiresMs }: Pick<AgentIdentity, "issuedMs" | "expiresMs">,
  failures: number,
  failedMs: number,
): number {
  const lifeMs = expiresMs - issuedMs;
  if (failures === 0) return issuedMs + lifeMs * RENEW_AFTER;
  const pauseMs = lifeMs * Math.min(MOST_RETRY, FIRST_RETRY * 2 ** Math.min(failures - 1, 30));
  return failedMs + Math.max(LEAST_RETRY_MS, pauseMs);
}

/** Keeps an agent's identity fresh, and hands out the newest one. */
export interface IdentityKeeper {
  current(): AgentIdentity;
  /** Renews whenever it is time, until the signal is aborted. Rejects with UserError when that came too late. */
  run(signal: AbortSignal): Promise<void>;
}

export interface IdentityKeeperOptions {
  readonly identity: AgentIdentity;
  /** Asks the coordinator; the certificate of `current` lets it in. */
  readonly renew: (current: AgentIdentity) => Promise<AgentIdentity>;
  /** Keeps the new one; called before it is used. */
  readonly store: (renewed: AgentIdentity) => void;
  readonly nowMs: () => number;
  /** Resolves early when the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly onRenewed: (renewed: AgentIdentity) => void;
  /** `retryMs`: Unix milliseconds of the next attempt. */
  readonly onFailure: (error: unknown, retryMs: number) => void;
}

export function createIdentityKeeper(options: IdentityKeeperOptions): IdentityKeeper {
  const { nowMs } = options;
  let { identity } = options;
  let failures = 0;
  let failedMs = 0;

  const attempt = async (): Promise<void> => {
    try {
      const renewed = await options.renew(identity);
      options.store(renewed);
      identity = renewed;
      failures = 0;
      options.onRenewed(renewed);
    } catch (error) {
      failures += 1;
      failedMs = nowMs();
      options.onFailure(error, nextRenewalMs(identity, failures, failedMs));
    }
  };

  return {
    current: () => identity,
    async run(signal) {
      while (!signal.aborted) {
        requireUnexpired(identity, nowMs());
        const waitMs = nextRenewalMs(identity, failures, failedMs) - nowMs();
        if (waitMs <= 0) await attempt();
        else await options.sleep(Math.min(waitMs, LONGEST_SLEEP_MS), signal);
      }
    },
  };
}
