import { describe, expect, it } from "@jest/globals";
import { decodeSourceState, encodeSourceState, restartDeadlines } from "../../../coordinator/lease/codec.js";
import type { Lease } from "../../../coordinator/lease/lease.js";
import type { SourceState } from "../../../coordinator/lease/state.js";
import { LeaseTable } from "../../../coordinator/lease/table.js";

const LEASE: Lease = {
  phase: "active",
  id: "c/synscan/v4/80#7",
  epoch: 7,
  agent: "fra-1",
  instance: "i",
  spool: "s",
  vantage: "fra",
  from: 10,
  to: 20,
  sent: 15,
  done: 12,
  committed: 11,
  overrun: 3,
  packetsPerSecond: 100,
  deadlineMs: 99,
  heard: false,
};
const STATE: SourceState = {
  plan: "c/synscan/v4/80",
  size: 100,
  epoch: 7,
  free: [{ from: 20, to: 90 }],
  leases: LeaseTable.from([LEASE, { ...LEASE, id: "c/synscan/v4/80#6", epoch: 6, phase: "awaiting", from: 0, to: 5 }]),
  finished: [{ from: 5, to: 10 }],
  skipped: [{ from: 90, to: 100 }],
  refusals: { "sin-1": { instance: "j", reason: "not mine" } },
  coverage: [{ kind: "asked", from: 5, to: 10, vantage: "fra", agent: "fra-1", epoch: 5, reason: "" }],
};

describe("the stored form of a source's leases", () => {
  it("gives back everything but the deadlines, which start anew", () => {
    const timing = { leaseTtlMs: 15, goneAfterMs: 1_000 };
    const restored = restartDeadlines(decodeSourceState(encodeSourceState(STATE)), 500, timing);

    expect([...restored.leases].map((lease) => lease.deadlineMs)).toEqual([515, 1_500]);
    const leases = [...restored.leases].map((lease) => ({ ...lease, deadlineMs: LEASE.deadlineMs }));
    expect({ ...restored, leases }).toEqual({ ...STATE, leases: [...STATE.leases] });
  });

  it("is read without what an earlier version did not know", () => {
    const { skipped: _, ...before } = JSON.parse(encodeSourceState(STATE)) as Record<string, unknown>;
    expect(decodeSourceState(JSON.stringify(before)).skipped).toEqual([]);
  });

  it.each(["", "{}", '{"plan":1}', encodeSourceState(STATE).replace('"active"', '"asleep"')])("rejects %p", (text) => {
    expect(() => decodeSourceState(text)).toThrow();
  });
});
