import { describe, expect, it } from "@jest/globals";
import { createSimHash } from "../../../agent/sim/hash.js";
import { createSimPort, type SimPortOptions } from "../../../agent/sim/port.js";
import { createSeededWorld } from "../../../agent/sim/seeded.js";
import { sharesSchema } from "../../../agent/sim/seeded-spec.js";
import type { PacketPort } from "../../../agent/wire/port.js";
import { ipv4FromNumber } from "../../../shared/address/address.js";
import { verifyChecksums } from "../../../shared/packet/verify.js";
import { createProbeBuilder } from "../../../shared/probe/build.js";
import type { Variant } from "../../../shared/probe/variant.js";

const SECRET = new Uint8Array(16);
const VARIANTS: readonly Variant[] = ["v0", "v1", "plain", "unknown-option"];
const HOSTS = sharesSchema.parse({ dark: 0, hosts: 1, open: 0.6, closed: 0.4, headerBoxes: 0.2, optionBoxes: 0.1 });

function worldOf(seed: string) {
  return createSeededWorld(HOSTS, createSimHash(seed));
}

function clockAt(startMs: number) {
  let nowMs = startMs;
  const sleeps: number[] = [];
  return {
    sleeps,
    monotonicMs: () => nowMs,
    unixMs: () => 1_700_000_000_000 + Math.floor(nowMs),
    async sleep(ms: number) {
      sleeps.push(ms);
      nowMs += ms;
    },
    pass(ms: number) {
      nowMs += ms;
    },
  };
}

interface Heard {
  readonly capturedUs: number;
  readonly hex: string;
}

/** Sends one probe of each variant to each of `targets` addresses, one after another. */
function send(port: PacketPort, source4: Uint8Array | null, targets: number, ttl = 64): void {
  const builder = createProbeBuilder({ secret: SECRET, stage: "synscan", profile: "linux", source4, source6: null });
  for (let i = 0; i < targets; i++) {
    const target = { address: ipv4FromNumber(0x1600_0010 + i * 0x0001_0103), port: 80 };
    for (const [slot, variant] of VARIANTS.entries()) {
      port.setLength(slot, builder.build(target, variant, ttl, 1_700_000_000_000, port.slot(slot)));
    }
    expect(port.send(VARIANTS.length)).toBe(VARIANTS.length);
  }
}

function hear(port: PacketPort, budget = 10_000): Heard[] {
  const heard: Heard[] = [];
  port.receive((packet, capturedUs) => heard.push({ capturedUs, hex: Buffer.from(packet).toString("hex") }), budget);
  return heard;
}

function setUp(more: Partial<SimPortOptions> = {}, seed = "port") {
  const world = worldOf(seed);
  const clock = clockAt(0);
  const port = createSimPort({ world, vantage: "fra", clock, ...more });
  return { port, clock, source4: world.attach("fra").ipv4 };
}

describe("a port into a simulated world", () => {
  it("hands each answer out when its round-trip time has passed, stamped with the moment it came", () => {
    const { port, clock, source4 } = setUp();
    send(port, source4, 20);
    expect(hear(port)).toEqual([]);
    const heard: Heard[] = [];
    for (let ms = 1; ms <= 1_000; ms++) {
      clock.pass(1);
      for (const one of hear(port)) {
        expect(one.capturedUs).toBeGreaterThan((1_700_000_000_000 + ms - 1) * 1000);
        expect(one.capturedUs).toBeLessThanOrEqual((1_700_000_000_000 + ms) * 1000);
        heard.push(one);
      }
    }
    expect(heard.length).toBeGreaterThan(60);
    expect(port.receiveStats()).toEqual({ received: heard.length, kernelDrops: 0 });
    expect(port.sendStats()).toEqual({ sent: 80, sendErrors: 0 });
  });

  it("gives the same bytes at the same times for the same seed, and others for another", () => {
    const run = (seed: string, loss: number) => {
      const { port, clock, source4 } = setUp({ loss, seed: 5 }, seed);
      send(port, source4, 50);
      clock.pass(5_000);
      return hear(port);
    };
    expect(run("a", 0)).toEqual(run("a", 0));
    expect(run("a", 0.3)).toEqual(run("a", 0.3));
    expect(run("a", 0)).not.toEqual(run("b", 0));
  });

  it("answers with whole packets: lengths and checksums are right, whatever boxes and routers made of them", () => {
    for (const ttl of [2, 3, 4, 5, 64]) {
      const { port, clock, source4 } = setUp();
      send(port, source4, 40, ttl);
      clock.pass(5_000);
      const heard = hear(port);
      expect(heard.length).toBeGreaterThan(20);
      for (const { hex } of heard) {
        expect(verifyChecksums(Buffer.from(hex, "hex"))).toEqual({ ip: true, transport: true });
      }
    }
  });

  it("loses about as many packets as it is told to, each way", () => {
    const answers = (loss: number) => {
      const { port, clock, source4 } = setUp({ loss });
      send(port, source4, 500);
      clock.pass(5_000);
      return hear(port).length;
    };
    const [all, some] = [answers(0), answers(0.2)];
    expect(some / all).toBeGreaterThan(0.59);
    expect(some / all).toBeLessThan(0.69);
    expect(answers(1)).toBe(0);
  });

  it("keeps what is not asked for, and counts what its queue has no room for", () => {
    const { port, clock, source4 } = setUp({ queue: 10 });
    send(port, source4, 20);
    clock.pass(5_000);
    const { kernelDrops } = port.receiveStats();
    expect(kernelDrops).toBeGreaterThan(20);
    expect(hear(port, 4)).toHaveLength(4);
    expect(hear(port)).toHaveLength(6);
  });

  it("waits until the first answer is due, and not beyond its time", async () => {
    const { port, clock, source4 } = setUp();
    expect(await port.wait(20)).toBe(false);
    expect(clock.monotonicMs()).toBe(20);
    send(port, source4, 10);
    expect(await port.wait(1_000)).toBe(true);
    expect(clock.monotonicMs()).toBeLessThan(300);
    expect(hear(port).length).toBeGreaterThan(0);
  });

  it("delivers nothing that is not addressed to it", () => {
    const { port, clock } = setUp();
    send(port, ipv4FromNumber(0x6440_0001), 20);
    clock.pass(5_000);
    expect(hear(port)).toEqual([]);
  });

  it("takes the slots again from `first` on", () => {
    const { port, clock, source4 } = setUp();
    const builder = createProbeBuilder({ secret: SECRET, stage: "synscan", profile: "linux", source4, source6: null });
    const target = { address: ipv4FromNumber(0x1600_0010), port: 80 };
    for (let i = 0; i < 4; i++) port.setLength(i, builder.build(target, "plain", 64, 0, port.slot(i)));
    expect(port.send(4, 3)).toBe(1);
    expect(port.sendStats().sent).toBe(1);
    clock.pass(5_000);
    expect(hear(port).length).toBeLessThanOrEqual(1);
    expect(() => port.slot(port.slots)).toThrow(RangeError);
    expect(() => port.setLength(0, port.slotBytes + 1)).toThrow(RangeError);
    expect(port.words.byteLength).toBe(port.slots * port.slotBytes);
    expect(port.slot(2).byteOffset).toBe(port.slotAt(2) * 4);
  });

  it("is cheap: two thousand of them share one world", () => {
    const world = worldOf("many");
    const clock = clockAt(0);
    const before = process.memoryUsage().arrayBuffers;
    const ports = Array.from({ length: 2_000 }, (_, i) => createSimPort({ world, vantage: `agent-${i}`, clock }));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2_000 * 20_000);
    for (const port of ports) port.close();
  });
});
