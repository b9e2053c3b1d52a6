import { describe, expect, it } from "@jest/globals";
import { createLateNetwork } from "../../../agent/lease/late-network.js";
import type { ProbeNetwork } from "../../../agent/lease/probing.js";
import { createTrouble } from "../../../agent/lease/trouble.js";
import { createClockMeter } from "../../../agent/selftest/clock-meter.js";
import { createSelfTester, type SelfTesterOptions } from "../../../agent/selftest/self-test.js";
import { parseAddress } from "../../../shared/address/address.js";
import { UserError } from "../../../shared/errors.js";
import { type SelfTest, unknownFidelity } from "../../../shared/selftest/self-test.js";
import { createTestNetwork } from "../../integration/agent/network.js";

const NO_RIGHT = new UserError("no right to open a raw socket (EPERM)", { remedy: "give it CAP_NET_RAW" });
const MEBIBYTE = 1_048_576;

/** A tester whose time passes as it sleeps, in a session that begins at once and after every `again`. */
function createWorld(change: Partial<SelfTesterOptions> & { open?: () => Promise<ProbeNetwork> } = {}) {
  let nowMs = 0;
  const clock = {
    unixMs: () => 1_700_000_000_000 + nowMs,
    monotonicMs: () => nowMs,
    sleep: async (ms: number) => {
      nowMs += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
  const told: SelfTest[] = [];
  const waits: number[] = [];
  const lines: string[] = [];
  let hellos = 1;
  const meter = createClockMeter(clock.unixMs);
  const network = createLateNetwork(change.open ?? (async () => createTestNetwork()));
  const abort = new AbortController();
  const waiting = () => ({ nextMs: () => waits.push(nowMs) * 1_000, reset: () => undefined });
  const tester = createSelfTester({
    network,
    meter,
    clock,
    permission: { ports: () => null, targets: () => null },
    probing: { network, secret: new Uint8Array(16), allowedUntil: () => Number.POSITIVE_INFINITY },
    exitTarget: null,
    reference: null,
    referenceTester: { measure: () => Promise.reject(new Error("nobody is named")) },
    spool: { maxBytes: 64 * MEBIBYTE, bytes: () => 0, freeBytes: async () => 100 * MEBIBYTE },
    trouble: createTrouble({ warn: (line) => lines.push(line), info: (line) => lines.push(line) }),
    log: { info: () => undefined },
    backoff: waiting(),
    referenceBackoff: waiting(),
    session: () => ({
      selfTest: (report) => told.push(report),
      again() {
        hellos++;
        tester.welcomed();
      },
    }),
    ...change,
  });
  meter.heartbeatSent(1);
  meter.heartbeatAcknowledged(1, (clock.unixMs() + 40) * 1_000);
  tester.welcomed();
  return { tester, told, waits, lines, signal: abort.signal, hellos: () => hellos };
}

describe("the self-test", () => {
  it("tells what it found: driver and why, clock, room for the spool, no fidelity without a reference", async () => {
    const { tester, told, signal } = createWorld();
    await tester.run(signal);
    expect(told).toEqual([
      {
        testedMs: 1_700_000_000_000,
        problem: "",
        driver: "sim",
        driverReason: "a test",
        clock: { offsetUs: 40_000, roundTripUs: 0 },
        exit: null,
        spoolFreeBytes: 100 * MEBIBYTE,
        spoolMaxBytes: 64 * MEBIBYTE,
        fidelity: unknownFidelity("", ""),
      },
    ]);
  });

  it("fails with one line and its remedy where nothing can be sent, and is tried again with longer and longer waits", async () => {
    let attempts = 0;
    const open = async () => {
      if (++attempts <= 3) throw NO_RIGHT;
      return createTestNetwork();
    };
    const { tester, told, waits, lines, signal, hellos } = createWorld({ open });
    await tester.run(signal);
    const problem = "no right to open a raw socket (EPERM); give it CAP_NET_RAW";
    expect(told.map((report) => report.problem)).toEqual([problem, problem, problem, ""]);
    expect(told.map(({ driver }) => driver)).toEqual(["", "", "", "sim"]);
    const [first = 0, second = 0, third = 0] = waits;
    expect(third - second).toBeGreaterThan(second - first);
    expect(lines).toEqual([`self-test: ${problem}`, "self-test: in order again"]);
    // The families that it has now are another hello's.
    expect(hellos()).toBe(2);
  });

  it("does not wait for what is wrong in the agent's own file", async () => {
    const noInterface = new UserError('no interface named "eth7"', { remedy: "name another", exitCode: 2 });
    const { tester, told, signal } = createWorld({ open: () => Promise.reject(noInterface) });
    await expect(tester.run(signal)).rejects.toBe(noInterface);
    expect(told).toEqual([]);
  });

  it("fails where the disk has less room than the smallest spool", async () => {
    let free = 3 * MEBIBYTE;
    const spool = { maxBytes: 64 * MEBIBYTE, bytes: () => MEBIBYTE, freeBytes: async () => (free += 6 * MEBIBYTE) };
    const { tester, told, signal } = createWorld({ spool });
    await tester.run(signal);
    expect(told.map(({ problem }) => problem)).toEqual([
      "the spool's disk has 9 MiB left; make room on it, or give spool.folder another disk",
      "",
    ]);
  });

  it("sends nothing to an exit target that the agent's own file forbids, and gets no work before it is mended", async () => {
    let isForbidden = true;
    const { tester, told, signal } = createWorld({
      exitTarget: { address: parseAddress("192.0.2.9"), port: 80 },
      permission: { ports: () => null, targets: () => (isForbidden ? "192.0.2.9 is blocked here" : null) },
      probing: {
        ...{ secret: new Uint8Array(16), allowedUntil: () => 0 },
        network: {
          startProbing() {
            if (isForbidden) throw new Error("it was sent to");
            return { sent: 1, done: 1, gateMoved: () => undefined, stop: () => undefined, finished: Promise.resolve() };
          },
        },
      },
      backoff: {
        nextMs() {
          isForbidden = false;
          return 1;
        },
        reset: () => undefined,
      },
    });
    await tester.run(signal);
    expect(told.map(({ problem }) => problem)).toEqual([
      "exitTarget: 192.0.2.9 is blocked here; name another one in the agent's file, or none",
      "",
    ]);
  });

  it("works without knowing its fidelity, and asks its reference again until it does", async () => {
    const answers = [
      unknownFidelity("ams-1", "agent ams-1 is not connected"),
      unknownFidelity("ams-1", "agent ams-1 is not connected"),
      { ...unknownFidelity("ams-1", ""), state: "changed" as const, changes: ["tcp.option.mptcp.nop"] },
    ];
    const { tester, told, signal } = createWorld({
      reference: { agent: "ams-1", addresses: null },
      referenceTester: { measure: async () => answers.shift() ?? unknownFidelity("", "asked once too often") },
    });
    await tester.run(signal);
    expect(told.map(({ problem, fidelity }) => [problem, fidelity.state, fidelity.reason])).toEqual([
      ["", "unknown", "agent ams-1 is not connected"],
      ["", "changed", ""],
    ]);
  });

  it("tells a new session at once what an earlier one knew", async () => {
    const { tester, told, signal } = createWorld();
    await tester.run(signal);
    tester.disconnected();
    tester.welcomed();
    expect(told).toHaveLength(2);
    expect(told[1]).toBe(told[0]);
  });
});
