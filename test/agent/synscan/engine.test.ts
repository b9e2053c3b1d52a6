import { describe, expect, it } from "@jest/globals";
import { createSynScan } from "../../../agent/synscan/engine.js";
import type { EngineProgress } from "../../../agent/wire/engine.js";
import { formatAddress } from "../../../shared/address/address.js";
import { parsePrefix } from "../../../shared/address/prefix.js";
import type { SynReplyRow } from "../../../shared/batch/rows.js";
import { UserError } from "../../../shared/errors.js";
import { variantOfSourcePort } from "../../../shared/probe/fields.js";
import type { Variant } from "../../../shared/probe/variant.js";
import { icmpError, portsOf, reset, synAck } from "../wire/answers.js";
import { createKit, type Kit } from "../wire/engine-kit.js";
import type { Network } from "../wire/memory-port.js";

const KEY = [1, 2, 3, 4, 5, 6, 7, 8];

function variantOf(probe: Uint8Array): Variant | null {
  return variantOfSourcePort(portsOf(probe).source);
}

/** The last byte of the address a probe goes to. */
function hostOf(probe: Uint8Array): number {
  return (probe[0] === 0x45 ? probe[19] : probe[39]) ?? 0;
}

function verdicts(kit: Kit): string[] {
  return kit.rows
    .filter((row): row is SynReplyRow => row.table === "syn_replies")
    .map((row) => `${formatAddress(row.target)} ${row.variant} ${row.verdict}`)
    .sort();
}

describe("SYN scan", () => {
  it("makes one row per answered probe, with the verdict, key, options and address of the reply", async () => {
    const network: Network = (probe) => {
      if (hostOf(probe) === 1) {
        const options = variantOf(probe) === "v1" ? [30, 12, 0x01, 0x01, ...KEY] : [];
        return [{ afterMs: 2, packet: synAck(probe, { options }) }];
      }
      if (hostOf(probe) === 2) return [{ afterMs: 2, packet: reset(probe) }];
      return [];
    };
    const kit = createKit(network, { targets: ["198.18.0.1", "2001:db8::2", "198.18.0.3"] });
    const engine = createSynScan(kit.options);
    await kit.run(engine);
    expect(verdicts(kit)).toEqual([
      "198.18.0.1 plain plain",
      "198.18.0.1 v0 plain",
      "198.18.0.1 v1 claims-v1",
      "2001:db8::2 plain rst",
      "2001:db8::2 v0 rst",
      "2001:db8::2 v1 rst",
    ]);
    const claim = kit.rows.find((row) => row.table === "syn_replies" && row.verdict === "claims-v1");
    expect(claim).toMatchObject({ source: "test", index: 0, port: 80, receiverKey: 0x0102030405060708n, ttl: 57 });
    expect(claim).toMatchObject({ window: 0xfe88, tcpFlags: 0x12 });
    expect(Buffer.from(claim?.options ?? []).toString("hex")).toMatch(
      /^020405b40101080a00000001.{8}1e0c01010102030405060708$/,
    );
    expect(claim?.rttUs).toBeGreaterThanOrEqual(1000);
    expect(claim?.rttUs).toBeLessThan(50_000);
    expect(engine.progress()).toMatchObject({ sent: 3, done: 3, replies: 6, duplicates: 0, late: 0 });
  });

  it("sends a silent probe again, once per retry, and no answered one", async () => {
    const kit = createKit((probe) => (variantOf(probe) === "v0" ? [] : [{ afterMs: 1, packet: synAck(probe) }]), {
      targets: ["198.18.0.1"],
    });
    await kit.run(createSynScan({ ...kit.options, retries: 2 }));
    expect(kit.port.sent.map(({ packet }) => variantOf(packet))).toEqual(["v0", "v1", "plain", "v0", "v0"]);
  });

  it("tells a lost packet from a blocked one: the answer to a retry counts", async () => {
    const asked = new Map<string, number>();
    const kit = createKit(
      (probe) => {
        const key = `${hostOf(probe)} ${variantOf(probe)}`;
        asked.set(key, (asked.get(key) ?? 0) + 1);
        return asked.get(key) === 2 ? [{ afterMs: 1, packet: synAck(probe) }] : [];
      },
      { targets: ["198.18.0.1", "198.18.0.2"] },
    );
    await kit.run(createSynScan(kit.options));
    expect(verdicts(kit)).toHaveLength(6);
  });

  it("makes no second row of a reply that comes twice", async () => {
    const kit = createKit(
      (probe) => [
        { afterMs: 1, packet: synAck(probe) },
        { afterMs: 4, packet: synAck(probe) },
        { afterMs: 6, packet: reset(probe) },
      ],
      { targets: ["198.18.0.1"] },
    );
    const engine = createSynScan(kit.options);
    await kit.run(engine);
    expect(verdicts(kit)).toEqual(["198.18.0.1 plain plain", "198.18.0.1 v0 plain", "198.18.0.1 v1 plain"]);
    expect(engine.progress()).toMatchObject({ replies: 3, duplicates: 6 });
  });

  it("counts a reply to an index that is done, and makes no row of it", async () => {
    const kit = createKit(
      (probe) => (hostOf(probe) === 1 ? [{ afterMs: 1_200, packet: synAck(probe) }] : []),
      // Slow enough that the first chunk has long been over when its reply comes, and a later one has not.
      { targets: Array.from({ length: 250 }, (_, i) => `198.18.0.${i + 1}`), packetsPerSecond: 100 },
    );
    const engine = createSynScan({ ...kit.options, variants: ["plain"], retries: 0, replyWindowMs: 20 });
    await kit.run(engine);
    expect(kit.rows).toEqual([]);
    expect(engine.progress()).toMatchObject({ late: 1, done: 250 });
  });

  it("keeps an unreachable with its quote, and ignores a redirect", async () => {
    const router = [203, 0, 113, 9];
    const kit = createKit(
      (probe) =>
        hostOf(probe) === 1
          ? [{ afterMs: 1, packet: icmpError(probe, { from: router, type: 3, code: 13, quoteBytes: 28 }) }]
          : [
              { afterMs: 1, packet: icmpError(probe, { from: router, type: 5, code: 1 }) },
              { afterMs: 3, packet: synAck(probe) },
            ],
      { targets: ["198.18.0.1", "198.18.0.2"] },
    );
    await kit.run(createSynScan({ ...kit.options, variants: ["plain"] }));
    expect(verdicts(kit)).toEqual(["198.18.0.1 plain unreachable", "198.18.0.2 plain plain"]);
    const replies = kit.rows.filter((one) => one.table === "syn_replies");
    const row = replies.find((one) => one.verdict === "unreachable");
    expect(row).toMatchObject({ icmpType: 3, icmpCode: 13, rttUs: null });
    expect(formatAddress(row?.responder ?? new Uint8Array(16))).toBe("203.0.113.9");
    expect(row?.quote.subarray(0, 20)).toEqual(kit.port.sent[0]?.packet.subarray(0, 20));
    expect(row?.quote).toHaveLength(28);
  });

  it("shares a receiver with another lease of the campaign: each takes the replies to its own interval", async () => {
    const kit = createKit((probe) => [{ afterMs: 1, packet: synAck(probe) }], {
      targets: ["198.18.0.1", "198.18.0.2", "198.18.0.3"],
    });
    const taken: string[] = [];
    const lease = (from: number, to: number) =>
      createSynScan({ ...kit.options, from, to, emit: (row) => taken.push(`${from} ${row.index}`) });
    const engines = [lease(1, 2), lease(0, 1), lease(2, 3)];
    await kit.runAll(engines);
    expect(taken.sort()).toEqual(["0 0", "0 0", "0 0", "1 1", "1 1", "1 1", "2 2", "2 2", "2 2"]);
    for (const engine of engines) expect(engine.progress()).toMatchObject({ packets: 3, replies: 3, duplicates: 0 });
    expect(engines[2]?.progress()).toMatchObject({ sent: 3, done: 3 });
  });

  it("leaves out what is blocked when its turn comes, also for retries", async () => {
    const kit = createKit(() => [], { targets: ["198.18.0.1", "198.18.0.2"] });
    const engine = createSynScan({ ...kit.options, skip: [parsePrefix("198.18.0.1/32")] });
    await kit.run(engine);
    expect(new Set(kit.port.sent.map(({ packet }) => hostOf(packet)))).toEqual(new Set([2]));
    expect(engine.progress()).toMatchObject({ skipped: 1, done: 2 });
  });

  it("sends everything over a device that takes a few packets at a time", async () => {
    const targets = Array.from({ length: 40 }, (_, i) => `198.18.0.${i + 1}`);
    const kit = createKit((probe) => [{ afterMs: 1, packet: synAck(probe) }], { targets });
    let turn = 0;
    Object.defineProperty(kit.port, "limit", { get: () => [0, 3, 16, 1][turn++ % 4] });
    const engine = createSynScan(kit.options);
    await kit.run(engine);
    expect(kit.port.sent).toHaveLength(120);
    expect(new Set(verdicts(kit)).size).toBe(120);
  });

  it("keeps to the rate", async () => {
    const targets = Array.from({ length: 100 }, (_, i) => `198.18.0.${i + 1}`);
    const kit = createKit(() => [], { targets, packetsPerSecond: 1000 });
    const startedMs = performance.now();
    await kit.run(createSynScan({ ...kit.options, retries: 0 }));
    const times = kit.port.sent.map(({ atMs }) => atMs - startedMs);
    expect(times).toHaveLength(300);
    for (const [i, time] of times.entries()) expect(time).toBeGreaterThanOrEqual(i - 21);
  });

  it("sends nothing while it may not, and goes on when it may", async () => {
    const gate = { open: false };
    const kit = createKit(() => [], { targets: ["198.18.0.1"], mayContinue: () => gate.open });
    const running = kit.run(createSynScan({ ...kit.options, retries: 0 }));
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(kit.port.sent).toHaveLength(0);
    gate.open = true;
    await running;
    expect(kit.port.sent).toHaveLength(3);
  });

  it("stops sending at once when it is told that it may not", async () => {
    const gate = { open: true };
    const targets = Array.from({ length: 250 }, (_, i) => `198.18.0.${i + 1}`);
    const kit = createKit(() => [], { targets, packetsPerSecond: 500, mayContinue: () => gate.open });
    const stop = new AbortController();
    const engine = createSynScan(kit.options);
    const running = kit.run(engine, stop.signal);
    // Long enough that it looks seldom: probes go out and nothing comes in.
    await new Promise((resolve) => setTimeout(resolve, 200));
    gate.open = false;
    engine.gateMoved();
    const sent = kit.port.sent.length;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(sent).toBeGreaterThan(0);
    expect(kit.port.sent.length).toBeLessThanOrEqual(sent + 1);
    stop.abort();
    await running;
  });

  it("after a stop sends nothing more, and still takes the replies of the open window", async () => {
    const targets = Array.from({ length: 250 }, (_, i) => `198.18.0.${i + 1}`);
    const kit = createKit((probe) => [{ afterMs: 30, packet: synAck(probe) }], { targets, packetsPerSecond: 500 });
    const stop = new AbortController();
    const engine = createSynScan(kit.options);
    const running = kit.run(engine, stop.signal);
    await new Promise((resolve) => setTimeout(resolve, 100));
    stop.abort();
    const sentAtStop = kit.port.sent.length;
    await running;
    expect(sentAtStop).toBeGreaterThan(0);
    expect(kit.port.sent.length).toBeLessThanOrEqual(sentAtStop + 1);
    expect(kit.rows).toHaveLength(kit.port.sent.length);
    expect(engine.progress().done).toBeLessThan(250);
  });

  it("moves `sent` and `done` forward only, `done` behind `sent`, and `done` when the window is over", async () => {
    const targets = Array.from({ length: 250 }, (_, i) => `198.18.0.${i + 1}`);
    const kit = createKit(() => [], { targets, packetsPerSecond: 500 });
    const engine = createSynScan({ ...kit.options, variants: ["plain"], retries: 1, replyWindowMs: 40 });
    const seen: EngineProgress[] = [];
    const timer = setInterval(() => seen.push(engine.progress()), 5);
    await kit.run(engine);
    clearInterval(timer);
    expect(seen.some(({ done }) => done > 0 && done < 250)).toBe(true);
    for (const [i, { sent, done }] of seen.entries()) {
      expect(done).toBeLessThanOrEqual(sent);
      expect(sent).toBeGreaterThanOrEqual(seen[i - 1]?.sent ?? 0);
      expect(done).toBeGreaterThanOrEqual(seen[i - 1]?.done ?? 0);
    }
    expect(engine.progress()).toMatchObject({ sent: 250, done: 250, packets: 500 });
  });

  it("rejects with a line for the user when a target has no source address of its family", async () => {
    const kit = createKit(() => [], { targets: ["2001:db8::2"], source6: null });
    await expect(kit.run(createSynScan(kit.options))).rejects.toThrow(UserError);
  });

  it("survives packets of any form and answers to nobody's question", async () => {
    const kit = createKit(
      (probe) => [
        { afterMs: 1, packet: new Uint8Array(0) },
        { afterMs: 1, packet: synAck(probe).slice(0, 25) },
        { afterMs: 1, packet: icmpError(probe, { from: [192, 0, 2, 9], type: 3, quoteBytes: 3 }) },
        { afterMs: 1, packet: synAck(probe).map((byte, i) => (i === 31 ? byte ^ 1 : byte)) },
      ],
      { targets: ["198.18.0.1"] },
    );
    await kit.run(createSynScan({ ...kit.options, retries: 0 }));
    expect(kit.rows).toEqual([]);
    expect(kit.receiver.stats()).toMatchObject({ replies: 0, malformed: 6, foreign: 6 });
  });

  it("gives each network no more than its budget, goes on with the others meanwhile, and misses nobody", async () => {
    const crowd = Array.from({ length: 12 }, (_, i) => `198.18.0.${i + 1}`);
    const others = Array.from({ length: 40 }, (_, i) => `198.18.${i + 1}.1`);
    const kit = createKit(() => [], { targets: [...crowd, ...others] });
    const perPrefix = { v4: 24, v6: 48, packetsPerSecond: 40 };
    const engine = createSynScan({ ...kit.options, variants: ["v1", "plain"], retries: 0, perPrefix });
    await kit.run(engine);
    expect(kit.port.sent).toHaveLength(104);
    expect(engine.progress()).toMatchObject({ sent: 52, done: 52, packets: 104 });
    const firstMs = kit.port.sent[0]?.atMs ?? 0;
    const times = (isCrowd: boolean): number[] =>
      kit.port.sent.filter(({ packet }) => (packet[18] === 0) === isCrowd).map(({ atMs }) => atMs - firstMs);
    // Two probes every 50 ms to the crowded network, counted from a little before the first is seen here.
    for (const [i, ms] of times(true).entries()) expect(ms).toBeGreaterThanOrEqual(Math.floor(i / 2) * 50 - 5);
    expect(Math.max(...times(false))).toBeLessThan(250);
  });

  it("sends the probes of a target one after another", async () => {
    const targets = Array.from({ length: 30 }, (_, i) => `198.18.0.${i + 1}`);
    const kit = createKit(() => [], { targets, slots: 4 });
    await kit.run(createSynScan({ ...kit.options, retries: 1 }));
    const order = kit.port.sent.map(({ packet }) => hostOf(packet));
    expect(order).toHaveLength(180);
    for (let i = 0; i < order.length; i += 3) expect(new Set(order.slice(i, i + 3)).size).toBe(1);
  });
});
