import { describe, expect, test } from "@jest/globals";
import type { AgentIdentity } from "../../../agent/identity/identity.js";
import { createIdentityKeeper, nextRenewalMs } from "../../../agent/identity/keeper.js";

const DAY_MS = 86_400_000;
const WEEK = { issuedMs: 1_000_000, expiresMs: 1_000_000 + 7 * DAY_MS };

function identity(issuedMs: number, expiresMs: number): AgentIdentity {
  return {
    ...{ name: "fra-1", vantage: "fra", key: "", certificate: "", authority: "", sessionAddress: "", brokerUrl: "" },
    ...{ brokerSeed: "", brokerJwt: "", issuedMs, expiresMs },
  };
}

/** A keeper on a clock that only its own sleeping moves; `outcomes` says of each attempt whether it works. */
async function life(outcomes: (nowMs: number, attempt: number) => boolean, untilMs: number) {
  let nowMs = WEEK.issuedMs;
  const attempts: number[] = [];
  const stored: number[] = [];
  const abort = new AbortController();
  const keeper = createIdentityKeeper({
    identity: identity(WEEK.issuedMs, WEEK.expiresMs),
    renew: async () => {
      attempts.push(nowMs);
      if (!outcomes(nowMs, attempts.length)) throw new Error("away");
      return identity(nowMs, nowMs + 7 * DAY_MS);
    },
    store: ({ issuedMs }) => stored.push(issuedMs),
    nowMs: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms;
      if (nowMs > untilMs) abort.abort();
    },
    onRenewed: () => undefined,
    onFailure: () => undefined,
  });
  const ended = keeper.run(abort.signal).then(
    () => null,
    (error: unknown) => error,
  );
  return { error: await ended, attempts, stored, current: keeper.current() };
}

describe("an agent's certificate", () => {
  test("is renewed at two thirds of its life, and again at two thirds of the next", async () => {
    const { attempts, stored } = await life(() => true, WEEK.issuedMs + 14 * DAY_MS);
    const step = (14 / 3) * DAY_MS;
    expect(attempts).toEqual(
      [1, 2, 3].map((n) => WEEK.issuedMs + n * step).filter((ms) => ms <= WEEK.issuedMs + 14 * DAY_MS),
    );
    expect(stored).toEqual(attempts);
  });

  test("is tried for again ever more seldom while the coordinator is away, but often enough before the end", async () => {
    const { attempts, error } = await life((nowMs) => nowMs > WEEK.expiresMs - DAY_MS, WEEK.issuedMs + 7.5 * DAY_MS);
    expect(error).toBeNull();
    const pauses = attempts.slice(1).map((ms, i) => ms - (attempts[i] ?? 0));
    expect(pauses[0]).toBe((7 * DAY_MS) / 2_000);
    expect(Math.max(...pauses)).toBe((7 * DAY_MS) / 20);
    expect(attempts.at(-1)).toBeLessThan(WEEK.expiresMs);
  });

  test("that has expired ends the agent with what to do", async () => {
    const { error, current } = await life(() => false, WEEK.issuedMs + 30 * DAY_MS);
    expect(error).toMatchObject({
      message: `the certificate of agent fra-1 expired at ${new Date(WEEK.expiresMs).toISOString()}`,
      remedy: expect.stringContaining("enrol it again"),
    });
    expect(current.expiresMs).toBe(WEEK.expiresMs);
  });

  test("of seconds is not asked for more than once a second", () => {
    expect(nextRenewalMs({ issuedMs: 0, expiresMs: 6_000 }, 1, 4_100)).toBe(5_100);
  });
});
