import { expect, test } from "@jest/globals";
import { createStats } from "../../../agent/session/stats.js";

test("the rate is what was sent since the last heartbeat, per second", () => {
  const now = { ms: 0, packetsSent: 0 };
  const stats = createStats({
    network: () => ({ packetsSent: now.packetsSent, replies: 0, kernelDrops: 2, sendErrors: 1 }),
    spoolBytes: () => 77,
    lastError: () => "spool: full",
    nowMs: () => now.ms,
  });
  expect(stats().packetsPerSecond).toBe(0);
  [now.ms, now.packetsSent] = [2_000, 5_000];
  expect(stats()).toEqual({
    packetsSent: 5_000,
    replies: 0,
    kernelDrops: 2,
    sendErrors: 1,
    packetsPerSecond: 2_500,
    spoolBytes: 77,
    lastError: "spool: full",
  });
  now.ms = 3_000;
  expect(stats().packetsPerSecond).toBe(0);
});
