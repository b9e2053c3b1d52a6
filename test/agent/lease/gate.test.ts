import { describe, expect, it } from "@jest/globals";
import { createGate } from "../../../agent/lease/gate.js";

function setUp() {
  const now = { ms: 0, openUntil: 0, waiting: 0, full: false };
  const gate = createGate({
    openUntil: () => now.openUntil,
    waitingBatches: () => now.waiting,
    mostWaitingBatches: 4,
    isSpoolFull: () => now.full,
    nowMs: () => now.ms,
  });
  return { now, gate };
}

describe("the gate of an agent", () => {
  it("is open for as long as the coordinator's acknowledgements hold", () => {
    const { now, gate } = setUp();
    expect(gate.shut).toBe("coordinator");
    now.openUntil = 10_000;
    expect([gate.allowedUntil(), gate.shut]).toEqual([10_000, null]);
    now.ms = 10_000;
    expect(gate.shut).toBe("coordinator");
  });

  it("is shut by a full spool and a disk that is behind, whatever the coordinator says", () => {
    const { now, gate } = setUp();
    now.openUntil = 10_000;
    now.waiting = 4;
    expect([gate.allowedUntil(), gate.shut]).toEqual([0, "disk"]);
    now.full = true;
    expect([gate.allowedUntil(), gate.shut]).toEqual([0, "spool"]);
    now.full = false;
    now.waiting = 3;
    expect(gate.allowedUntil()).toBe(10_000);
  });

  it("counts once each time that it is shut, and not that an agent begins without a coordinator", () => {
    const { now, gate } = setUp();
    gate.allowedUntil();
    now.openUntil = 10_000;
    gate.allowedUntil();
    now.full = true;
    for (let i = 0; i < 5; i++) gate.allowedUntil();
    now.full = false;
    gate.allowedUntil();
    now.full = true;
    gate.allowedUntil();
    expect(gate.pauses).toEqual({ coordinator: 0, spool: 2, disk: 0 });
  });
});
