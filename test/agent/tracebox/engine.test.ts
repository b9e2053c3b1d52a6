import { describe, expect, it } from "@jest/globals";
import { createTracebox, type TraceboxOptions } from "../../../agent/tracebox/engine.js";
import { formatAddress } from "../../../shared/address/address.js";
import { parsePrefix } from "../../../shared/address/prefix.js";
import type { TraceHopRow } from "../../../shared/batch/rows.js";
import { timestampValue } from "../../../shared/option/tcp-options.js";
import { TTL_BITS, variantOfSourcePort } from "../../../shared/probe/fields.js";
import { icmpError, isIpv4, portsOf, reset, synAck, tcpOf, ttlOf } from "../wire/answers.js";
import { createKit, type Kit } from "../wire/engine-kit.js";
import type { Network } from "../wire/memory-port.js";

/** Routers at every TTL below `targetTtl`, then the target. */
interface Path {
  readonly targetTtl: number;
  readonly silent?: readonly number[];
  readonly quoteBytes?: number;
  /** What the probe looks like at a router. */
  readonly touch?: (ttl: number, quote: Uint8Array) => Uint8Array;
  readonly answer?: (probe: Uint8Array) => Uint8Array | null;
  /** TTL or hop limit that the target's answer comes with; as the distance suggests by default. */
  readonly answerTtl?: number;
  readonly afterMs?: number;
}

function routerAddress(probe: Uint8Array, ttl: number): number[] {
  return isIpv4(probe) ? [203, 0, 113, ttl] : [0x20, 1, 0x0d, 0xb8, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, ttl];
}

function networkOf(path: Path): Network {
  const { targetTtl, silent = [], quoteBytes, touch, answer = synAck, afterMs = 2 } = path;
  const { answerTtl = Math.max(1, 65 - targetTtl) } = path;
  return (probe) => {
    const ttl = ttlOf(probe);
    if (silent.includes(ttl)) return [];
    if (ttl >= targetTtl) {
      const packet = answer(probe);
      if (packet === null) return [];
      packet[isIpv4(packet) ? 8 : 7] = answerTtl;
      return [{ afterMs, packet }];
    }
    const packet = icmpError(probe, {
      from: routerAddress(probe, ttl),
      type: isIpv4(probe) ? 11 : 3,
      ...(quoteBytes === undefined ? {} : { quoteBytes }),
      ...(touch === undefined ? {} : { touch: (quote) => touch(ttl, quote) }),
    });
    return [{ afterMs, packet }];
  };
}

function traceOptions(kit: Kit, more: Partial<TraceboxOptions> = {}): TraceboxOptions {
  return { ...kit.options, variants: ["v1"], maxTtl: 30, retries: 2, ...more };
}

async function trace(path: Path, targets = ["198.18.0.1"], more: Partial<TraceboxOptions> = {}) {
  const kit = createKit(networkOf(path), { targets });
  const engine = createTracebox(traceOptions(kit, more));
  await kit.run(engine);
  const all = kit.rows
    .filter((row): row is TraceHopRow => row.table === "trace_hops")
    .sort((a, b) => a.index - b.index || a.variant.localeCompare(b.variant) || a.ttl - b.ttl);
  // The target answers at higher TTLs, too; the path ends at the first of them.
  const rows = all.filter((row) => !all.some((one) => isBeyond(row, one)));
  return { kit, engine, all, rows, ttls: kit.port.sent.map(({ packet }) => ttlOf(packet)) };
}

function isBeyond(row: TraceHopRow, end: TraceHopRow): boolean {
  return row.index === end.index && row.variant === end.variant && end.kind !== "time-exceeded" && row.ttl > end.ttl;
}

/** MP_CAPABLE overwritten with NOPs, as Linux' TCPOPTSTRIP does. */
function fillWithNops(quote: Uint8Array): Uint8Array {
  const tcp = tcpOf(quote);
  for (let at = 20; at < tcp.length; ) {
    const kind = tcp[at] ?? 0;
    const length = kind === 1 ? 1 : (tcp[at + 1] ?? 1);
    if (kind === 30) tcp.fill(1, at, at + length);
    at += length;
  }
  return quote;
}

describe("tracebox", () => {
  it("asks the target first, then names every hop up to it, each once", async () => {
    const { rows, ttls, engine } = await trace({ targetTtl: 4, answerTtl: 61 });
    expect(rows.map((row) => `${row.ttl} ${row.kind} ${formatAddress(row.responder)} ${row.mptcp}`)).toEqual([
      "1 time-exceeded 203.0.113.1 unmodified",
      "2 time-exceeded 203.0.113.2 unmodified",
      "3 time-exceeded 203.0.113.3 unmodified",
      "4 synack 198.18.0.1 unobservable",
    ]);
    expect(rows.map((row) => row.verdict)).toEqual(["", "", "", "plain"]);
    expect(rows.flatMap((row) => [...row.changes, ...row.unobservable])).toEqual([]);
    expect(ttls[0]).toBe(30);
    expect([...ttls].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 30]);
    expect(engine.progress()).toMatchObject({ sent: 1, done: 1, replies: 5 });
  });

  it("does the same over IPv6", async () => {
    const { rows } = await trace({ targetTtl: 3 }, ["2001:db8:5::1"]);
    expect(rows.map((row) => `${row.ttl} ${row.kind} ${formatAddress(row.responder)} ${row.mptcp}`)).toEqual([
      "1 time-exceeded 2001:db8:9::1 unmodified",
      "2 time-exceeded 2001:db8:9::2 unmodified",
      "3 synack 2001:db8:5::1 unobservable",
    ]);
  });

  it("shows the first hop at which the option is overwritten, and nothing else", async () => {
    const { rows } = await trace({ targetTtl: 4, touch: (ttl, quote) => (ttl >= 2 ? fillWithNops(quote) : quote) });
    expect(rows.map((row) => [row.ttl, row.mptcp, row.changes])).toEqual([
      [1, "unmodified", []],
      [2, "stripped-nop", ["tcp.option.mptcp.nop"]],
      [3, "stripped-nop", ["tcp.option.mptcp.nop"]],
      [4, "unobservable", []],
    ]);
  });

  it.each([
    ["IPv4", "198.18.0.1", 28],
    ["IPv6", "2001:db8:5::1", 48],
  ])(
    "finds the hops of %s routers that quote eight bytes, and calls the option unobservable there",
    async (_name, target, quoteBytes) => {
      const { rows } = await trace({ targetTtl: 4, quoteBytes }, [target]);
      expect(rows.map((row) => [row.ttl, row.kind])).toEqual([
        [1, "time-exceeded"],
        [2, "time-exceeded"],
        [3, "time-exceeded"],
        [4, "synack"],
      ]);
      for (const row of rows.slice(0, 3)) {
        expect(row.mptcp).toBe("unobservable");
        expect(row.unobservable).toContain("tcp.option.mptcp");
        expect(row.changes).toEqual([]);
        expect(row.quote).toHaveLength(quoteBytes);
      }
    },
  );

  it("keeps the flow constant over TTLs and retries", async () => {
    const { kit } = await trace({ targetTtl: 4, silent: [2] });
    const flows = kit.port.sent.map(({ packet }) => {
      const view = new DataView(tcpOf(packet).slice().buffer);
      return [view.getUint32(0), view.getUint32(4)].join();
    });
    expect(flows.length).toBeGreaterThan(4);
    expect(new Set(flows).size).toBe(1);
  });

  it("asks a silent hop again as often as it may, and goes past it", async () => {
    const { rows, ttls } = await trace({ targetTtl: 4, silent: [2] });
    expect(rows.map((row) => row.ttl)).toEqual([1, 3, 4]);
    expect(ttls.filter((ttl) => ttl === 2)).toHaveLength(3);
    expect(ttls.filter((ttl) => ttl === 1)).toHaveLength(1);
  });

  it("finds a hop whose first answer is lost, and compares it with the probe that was answered", async () => {
    let lost = false;
    const path = networkOf({ targetTtl: 3 });
    const kit = createKit(
      (probe) => {
        if (ttlOf(probe) !== 2 || lost) return path(probe);
        lost = true;
        return [];
      },
      { targets: ["198.18.0.1"] },
    );
    await kit.run(createTracebox(traceOptions(kit)));
    const second = kit.rows.find((row) => row.table === "trace_hops" && row.ttl === 2);
    expect(second).toMatchObject({ mptcp: "unmodified", changes: [] });
    expect(second?.rttUs).toBeLessThan(50_000);
  });

  it("stops five hops beyond the last one that answers", async () => {
    const { rows, ttls } = await trace({ targetTtl: 99, silent: Array.from({ length: 60 }, (_, i) => i + 5) });
    expect(rows.map((row) => row.ttl)).toEqual([1, 2, 3, 4]);
    expect(Math.max(...ttls.slice(1))).toBe(9);
    // The hop behind the last answer may only have lost it; those beyond are not asked again.
    expect([5, 6, 9].map((ttl) => ttls.filter((one) => one === ttl).length)).toEqual([3, 1, 1]);
  });

  it("goes on when an answer comes late", async () => {
    const { rows } = await trace({ targetTtl: 12, afterMs: 70 }, undefined, { replyWindowMs: 150 });
    expect(rows.map((row) => row.ttl)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  });

  it("tries no TTL beyond the highest", async () => {
    const { ttls } = await trace({ targetTtl: 99 }, undefined, { maxTtl: 6 });
    expect([...new Set(ttls)].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("ends at a reset, at the hop whose probe it answers", async () => {
    const { rows } = await trace({ targetTtl: 3, answer: reset });
    expect(rows.map((row) => [row.ttl, row.kind, row.verdict])).toEqual([
      [1, "time-exceeded", ""],
      [2, "time-exceeded", ""],
      [3, "rst", "rst"],
    ]);
  });

  it("gives a reset to the right TTL behind a silent hop", async () => {
    const { rows } = await trace({ targetTtl: 4, silent: [3], answer: reset });
    expect(rows.at(-1)).toMatchObject({ ttl: 4, kind: "rst" });
  });

  it("gives a SYN/ACK without timestamps to the right TTL", async () => {
    const { rows } = await trace({ targetTtl: 3, answer: (probe) => synAck(probe, { timestamps: false }) });
    expect(rows.at(-1)).toMatchObject({ ttl: 3, kind: "synack", verdict: "plain" });
  });

  it("ends at an unreachable, and says who sent it", async () => {
    const turned = (probe: Uint8Array): Uint8Array => icmpError(probe, { from: [203, 0, 113, 77], type: 3, code: 13 });
    const { rows } = await trace({ targetTtl: 3, answer: turned });
    expect(rows.at(-1)).toMatchObject({ ttl: 3, kind: "unreachable", verdict: "", icmpType: 3, icmpCode: 13 });
    expect(rows.at(-1)?.mptcp).toBe("unmodified");
  });

  it("makes one row where a hop answers twice", async () => {
    const path = networkOf({ targetTtl: 3 });
    const kit = createKit((probe) => [...path(probe), ...path(probe)], { targets: ["198.18.0.1"] });
    const engine = createTracebox(traceOptions(kit));
    await kit.run(engine);
    expect(new Set(kit.rows.map((row) => row.table === "trace_hops" && row.ttl)).size).toBe(kit.rows.length);
    expect(engine.progress().duplicates).toBeGreaterThanOrEqual(2);
  });

  it("sends no two probes to one target within ten milliseconds, with every variant at work", async () => {
    const variants = ["v0", "v1", "plain"] as const;
    const { kit, rows } = await trace({ targetTtl: 5 }, undefined, { variants });
    expect(rows).toHaveLength(15);
    // The times that the probes carry, in whole milliseconds: on a busy machine they leave later than that.
    const times = kit.port.sent.map(({ packet }) => timestampValue(packet, 40, packet.length) >>> TTL_BITS);
    for (const [i, time] of times.entries()) {
      if (i > 0) expect(time - (times[i - 1] ?? 0)).toBeGreaterThanOrEqual(9);
    }
    expect(new Set(kit.port.sent.map(({ packet }) => variantOfSourcePort(portsOf(packet).source)))).toEqual(
      new Set(variants),
    );
  });

  it("traces more targets than a chunk holds, and moves `done` over them", async () => {
    const targets = Array.from({ length: 30 }, (_, i) => `198.18.0.${i + 1}`);
    const { rows, engine } = await trace({ targetTtl: 2 }, targets);
    expect(rows.map((row) => `${row.index} ${row.ttl}`)).toEqual(targets.flatMap((_, i) => [`${i} 1`, `${i} 2`]));
    expect(engine.progress()).toMatchObject({ sent: 30, done: 30 });
  });

  it("leaves out blocked targets", async () => {
    const { rows, engine } = await trace({ targetTtl: 2 }, ["198.18.0.1", "198.18.0.2"], {
      skip: [parsePrefix("198.18.0.1/32")],
    });
    expect(new Set(rows.map((row) => row.index))).toEqual(new Set([1]));
    expect(engine.progress()).toMatchObject({ skipped: 1, done: 2 });
  });

  it("asks the first hops that all targets share for a few of them, and for those whose path shows a change", async () => {
    const targets = Array.from({ length: 400 }, (_, i) => `198.18.${i >>> 8}.${i & 255}`);
    const isChanged = (probe: Uint8Array): boolean => probe[19] === 77;
    const path = (probe: Uint8Array): Path => ({
      targetTtl: 4,
      touch: (ttl, quote) => (ttl >= 3 && isChanged(probe) ? fillWithNops(quote) : quote),
    });
    const network: Network = (probe) => {
      const answers = networkOf(path(probe))(probe);
      // Behind the second router there are several.
      if (ttlOf(probe) === 3) for (const { packet } of answers) packet[14] = 100 + ((probe[19] ?? 0) % 5);
      return answers;
    };
    const kit = createKit(network, { targets, packetsPerSecond: 4000 });
    await kit.run(createTracebox(traceOptions(kit)));
    const asked = (ttl: number): number => kit.port.sent.filter(({ packet }) => ttlOf(packet) === ttl).length;
    expect(asked(3)).toBe(400);
    expect(asked(1)).toBeLessThan(300);
    const hops = (index: number): number[] =>
      kit.rows
        .flatMap((row) => (row.table === "trace_hops" && row.index === index ? [row.ttl] : []))
        .sort((a, b) => a - b);
    // The last ones were begun when the hops were known; every sixteenth is traced from the first hop on.
    expect(hops(399)).toEqual([3, 4, 30]);
    expect(hops(384)).toEqual([1, 2, 3, 4, 30]);
    expect(hops(256 + 77)).toEqual([1, 2, 3, 4, 30]);
  });

  it("lets one router answer no more than its rate", async () => {
    const targets = Array.from({ length: 100 }, (_, i) => `198.18.0.${i}`);
    const { kit } = await trace({ targetTtl: 2 }, targets, { routerPacketsPerSecond: 100 });
    const times = kit.port.sent.filter(({ packet }) => ttlOf(packet) === 1).map(({ atMs }) => atMs);
    expect(times).toHaveLength(100);
    for (const at of times) {
      // 100 a second, what 20 ms may save up, and a machine that holds the sender up for a moment.
      expect(times.filter((one) => one >= at && one < at + 200).length).toBeLessThanOrEqual(20 + 3 + 5);
    }
  });

  it("keeps to the budget of a network", async () => {
    const targets = Array.from({ length: 10 }, (_, i) => `198.18.0.${i}`);
    const perPrefix = { v4: 24, v6: 48, packetsPerSecond: 50 };
    const { kit, rows } = await trace({ targetTtl: 3 }, targets, { perPrefix });
    expect(rows).toHaveLength(30);
    const times = kit.port.sent.map(({ atMs }) => atMs);
    for (const at of times) {
      expect(times.filter((one) => one >= at && one < at + 200).length).toBeLessThanOrEqual(10 + 1 + 2);
    }
  });

  it("goes through a device that is busy at times", async () => {
    const kit = createKit(networkOf({ targetTtl: 3 }), { targets: ["198.18.0.1", "198.18.0.2", "198.18.0.3"] });
    let turn = 0;
    Object.defineProperty(kit.port, "limit", { get: () => [0, 1][turn++ % 2] });
    await kit.run(createTracebox(traceOptions(kit)));
    expect(new Set(kit.rows.map((row) => row.table === "trace_hops" && `${row.index} ${row.ttl}`))).toEqual(
      new Set([0, 1, 2].flatMap((index) => [1, 2, 3, 30].map((ttl) => `${index} ${ttl}`))),
    );
  });
});
