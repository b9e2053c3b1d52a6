import { afterEach, describe, expect, it } from "@jest/globals";
import { createSynListener, type SynListener } from "../../../agent/selftest/listener.js";
import { createReferenceTester, type ReferenceTesterOptions } from "../../../agent/selftest/reference.js";
import type { ListenForSyns } from "../../../agent/wire/syn-listener.js";
import { formatAddress, parseAddress } from "../../../shared/address/address.js";
import { createProbeBuilder, PROBE_MAX_BYTES } from "../../../shared/probe/build.js";
import { VARIANTS, type Variant } from "../../../shared/probe/variant.js";
import type { FromAgent, ListenOrder } from "../../../shared/selftest/exchange.js";
import { createTarget } from "../../../shared/target/source.js";

const TESTER = parseAddress("192.0.2.1");
const REFERENCE = parseAddress("198.51.100.2");
const SECRET = Uint8Array.from({ length: 16 }, (_, i) => i);
const AGREED = { secret: SECRET, ports: [80], sources: [TESTER] };

function syn(variant: Variant, secret = SECRET, port = 80, to = REFERENCE, timeMs = 1_000): Uint8Array {
  const builder = createProbeBuilder({
    ...{ secret, stage: "synscan", profile: "linux", source4: TESTER, source6: null },
  });
  const into = new Uint8Array(PROBE_MAX_BYTES);
  return into.slice(0, builder.build({ address: to, port }, variant, 64, timeMs, into));
}

describe("an agent that is a reference", () => {
  const listeners: SynListener[] = [];
  afterEach(() => {
    for (const listener of listeners.splice(0)) listener.close();
  });

  function createReference(addresses: readonly Uint8Array[] = [REFERENCE]) {
    const said: FromAgent[] = [];
    const ears = new Set<(packet: Uint8Array) => void>();
    const listen: ListenForSyns = (_, heard) => {
      ears.add(heard);
      return () => ears.delete(heard);
    };
    const listener = createSynListener({
      network: { listen },
      addresses: () => addresses,
      say: (message) => said.push(message),
    });
    listeners.push(listener);
    const order = (exchange: string, forMs = 10_000): ListenOrder => ({ ...AGREED, exchange, forMs });
    const arrive = (packet: Uint8Array) => {
      for (const ear of ears) ear(packet);
    };
    return { listener, said, ears, order, arrive };
  }

  it("returns each SYN that was agreed on once, byte for byte, and no other", () => {
    const { listener, said, order, arrive } = createReference();
    listener.listen(order("fra-1/1"));
    const strangers = [syn("v1", new Uint8Array(16)), syn("v1", SECRET, 443), syn("v1", SECRET, 80, TESTER)];
    for (const packet of [...strangers, syn("v1"), syn("v1"), syn("plain"), Uint8Array.of(0x45)]) arrive(packet);
    expect(said).toEqual([
      { kind: "listening", exchange: "fra-1/1", problem: "" },
      { kind: "heard", exchange: "fra-1/1", packet: syn("v1") },
      { kind: "heard", exchange: "fra-1/1", packet: syn("plain") },
    ]);
  });

  it("listens for as long as it was asked to, and for a few at a time", async () => {
    const { listener, said, ears, order } = createReference();
    for (let i = 0; i < 5; i++) listener.listen(order(`fra-${i}/1`, i === 0 ? 20 : 10_000));
    expect(said.map((message) => (message.kind === "listening" ? message.problem : "?"))).toEqual([
      ...["", "", "", ""],
      "it listens for others now",
    ]);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(ears.size).toBe(3);
    listener.close();
    expect(ears.size).toBe(0);
  });

  it("says so when it is nobody's reference", () => {
    const { listener, said, ears, order } = createReference([]);
    listener.listen(order("fra-1/1"));
    expect(said).toEqual([{ kind: "listening", exchange: "fra-1/1", problem: "it is nobody's reference" }]);
    expect(ears.size).toBe(0);
  });
});

describe("an agent that has a reference", () => {
  function createTester(change: Partial<ReferenceTesterOptions> = {}, heard: readonly Uint8Array[] = []) {
    let nowMs = 1_000;
    const targets: string[] = [];
    const tester = createReferenceTester({
      ...{ secret: SECRET, ports: [80], allowedUntil: () => Number.POSITIVE_INFINITY },
      permission: { targets: () => null },
      network: {
        sources: [TESTER],
        startProbing({ source, to }) {
          for (let i = 0; i < to; i++) {
            const target = createTarget();
            source.targetAt(i, target);
            targets.push(`${formatAddress(target.address)}:${target.port}`);
          }
          for (const packet of heard) tester.heard({ exchange: "1", packet });
          return { sent: to, done: to, gateMoved: () => undefined, stop: () => undefined, finished: Promise.resolve() };
        },
      },
      say: (message) => {
        if (message.kind === "wish" && message.wish.reference !== "old-1") {
          tester.answered({ exchange: message.wish.exchange, problem: "", addresses: [REFERENCE] });
        }
      },
      clock: {
        unixMs: () => nowMs,
        monotonicMs: () => nowMs,
        sleep: async (ms) => {
          nowMs += ms;
        },
      },
      ...change,
    });
    const measure = (agent = "ams-1", addresses: readonly Uint8Array[] | null = null) =>
      tester.measure({ agent, addresses }, new AbortController().signal);
    return { measure, targets };
  }

  it("sends to the address that the reference has, and compares what came there", async () => {
    const { measure, targets } = createTester(
      {},
      VARIANTS.map((variant) => syn(variant)),
    );
    expect(await measure()).toMatchObject({ state: "clean", reference: "ams-1", changes: [] });
    expect(targets).toEqual(["198.51.100.2:80"]);
  });

  it("sends nothing to an address that its own file does not name, or that its own rules forbid", async () => {
    const { measure, targets } = createTester();
    expect(await measure("ams-1", [parseAddress("203.0.113.7")])).toMatchObject({
      state: "unknown",
      reason: "ams-1 is at 198.51.100.2, not where this agent's file says",
    });
    const forbidding = createTester({ permission: { targets: () => "198.51.100.2 is blocked here" } });
    expect(await forbidding.measure()).toMatchObject({ state: "unknown", reason: "198.51.100.2 is blocked here" });
    const other = createTester({ say: () => undefined });
    expect(await other.measure("old-1")).toMatchObject({
      reason: "the coordinator does not say whether the reference listens",
    });
    expect([...targets, ...forbidding.targets, ...other.targets]).toEqual([]);
  });
});
