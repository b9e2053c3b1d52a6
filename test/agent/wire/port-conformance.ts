import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import type { ReceivePort, SendPort } from "../../../agent/wire/port.js";
import { parseAddress } from "../../../shared/address/address.js";
import { UserError } from "../../../shared/errors.js";
import { encodeTcpPacket } from "../../../shared/packet/encode.js";
import { TCP_SYN } from "../../../shared/packet/tcp.js";
import { packetFacts } from "../../../shared/probe/packet-facts.js";

/** A driver's port with somebody at the other end of its link. Sources are 192.0.2.1 and 2001:db8:9::1. */
export interface PortUnderTest {
  readonly sender: SendPort;
  readonly receiver: ReceivePort;
  /** The packets to 198.18.1.0/24 and 2001:2:0:1::/64 that came out at the other end since the last call: `count`, or what there was in time. */
  left(count: number, timeoutMs?: number): Promise<readonly LeftPacket[]>;
  /** Sends packets to the port from the other end of the link. */
  arrive(packets: readonly Uint8Array[]): void;
  close(): void;
}

export interface LeftPacket {
  /** What lay in front of the IP packet. */
  readonly header: string;
  readonly packet: string;
}

export interface OpenPortOptions {
  /** By default both. */
  readonly families?: readonly (4 | 6)[];
  /** With room for few packets that nobody takes. */
  readonly small?: boolean;
}

export interface PortLab {
  open(options?: OpenPortOptions): PortUnderTest;
  /** Tries to open a port where there is nothing to open it on. */
  openNowhere(): void;
  /** The link-layer header that a packet of the family must have. */
  header(family: 4 | 6): string;
  /** Calls `work` with a port that only sends, and its link down meanwhile; null where there is no link that could be. */
  readonly whileDown: ((work: (sender: SendPort) => Promise<void>) => Promise<void>) | null;
  destroy(): void;
}

const OWN = { 4: parseAddress("192.0.2.1"), 6: parseAddress("2001:db8:9::1") } as const;
const TARGET = { 4: parseAddress("198.18.1.1"), 6: parseAddress("2001:2:0:1::1") } as const;
const SOURCE_PORT = 61_234;
const MANY = 20_000;

/** A probe-like packet that carries its number; `bytes` is its whole length. */
function probe(family: 4 | 6, number: number, bytes = family === 4 ? 40 : 60): Uint8Array {
  const payload = new Uint8Array(bytes - (family === 4 ? 40 : 60)).fill(number);
  return encodeTcpPacket(
    { source: OWN[family], destination: TARGET[family], id: number + 1, ttl: 17 },
    { sourcePort: SOURCE_PORT, destinationPort: 80, sequence: number, flags: TCP_SYN, payload },
  );
}

/** An answer to one. */
function answer(family: 4 | 6, number: number, to: Uint8Array = OWN[family]): Uint8Array {
  return encodeTcpPacket(
    { source: TARGET[family], destination: to, id: number + 1, ttl: 52 },
    { sourcePort: 80, destinationPort: SOURCE_PORT, sequence: number, flags: TCP_SYN },
  );
}

function hex(packet: Uint8Array): string {
  return Buffer.from(packet).toString("hex");
}

function put(sender: SendPort, slot: number, packet: Uint8Array): void {
  sender.slot(slot).set(packet);
  sender.setLength(slot, packet.length);
}

/** Sends the whole batch, with pauses while the kernel is busy. */
async function sendAll(sender: SendPort, count: number): Promise<void> {
  for (let sent = 0; sent < count; ) {
    const taken = sender.send(count, sent);
    expect(taken).toBeGreaterThanOrEqual(0);
    expect(taken).toBeLessThanOrEqual(count - sent);
    sent += taken;
    if (taken === 0) await pause(1);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function hear(receiver: ReceivePort, count: number): Promise<{ packet: string; capturedUs: number }[]> {
  const heard: { packet: string; capturedUs: number }[] = [];
  while (heard.length < count && (await receiver.wait(1000))) {
    receiver.receive((packet, capturedUs) => heard.push({ packet: hex(packet), capturedUs }), 100);
  }
  return heard;
}

/** What `port.ts` promises, of any driver. */
export function describePort(driver: string, openLab: () => PortLab): void {
  describe(`a port of the driver ${driver}`, () => {
    let lab: PortLab;
    const opened: PortUnderTest[] = [];
    const open = (options?: OpenPortOptions): PortUnderTest => {
      const port = lab.open(options);
      opened.push(port);
      return port;
    };
    beforeAll(() => {
      lab = openLab();
    }, 60_000);
    afterEach(() => {
      for (const port of opened.splice(0)) port.close();
    });
    afterAll(() => lab.destroy());

    it("sends packets of both families unchanged and in order, each behind its family's link header", async () => {
      const { sender, left } = open();
      const packets = Array.from({ length: 40 }, (_, i) => probe(i % 3 === 0 ? 6 : 4, i, 60 + i));
      for (const [slot, packet] of packets.entries()) put(sender, slot, packet);
      await sendAll(sender, packets.length);
      expect(await left(packets.length)).toEqual(
        packets.map((packet, i) => ({ header: lab.header(i % 3 === 0 ? 6 : 4), packet: hex(packet) })),
      );
      expect(sender.sendStats()).toMatchObject({ sent: packets.length, sendErrors: 0 });
    });

    it("shows each slot as words, too", async () => {
      const { sender, left } = open();
      const { words, slots, slotBytes } = sender;
      for (const i of [0, 1, slots - 1]) {
        const slot = sender.slot(i);
        expect(slot.length).toBe(slotBytes);
        expect(slot.buffer).toBe(words.buffer);
        expect(slot.byteOffset).toBe(words.byteOffset + sender.slotAt(i) * 4);
      }
      // Written by words only, as the hot loops do; the frame in front must not be touched by it.
      for (const number of [0, 1, 2]) {
        const packet = probe(4, number);
        new Uint8Array(words.buffer, words.byteOffset + sender.slotAt(number) * 4, packet.length).set(packet);
        sender.setLength(number, packet.length);
      }
      await sendAll(sender, 3);
      expect((await left(3)).map(({ packet }) => packet)).toEqual([0, 1, 2].map((number) => hex(probe(4, number))));
    });

    it("does for a whole batch what it does slot by slot", async () => {
      const { sender, left } = open();
      const { words, slots } = sender;
      const packets = Array.from({ length: slots }, (_, i) => probe(i % 5 === 0 ? 6 : 4, i, 60 + (i % 30)));
      // Circles of facts are powers of two; this batch's begin near the end of theirs.
      const facts = new Int32Array(2 ** Math.ceil(Math.log2(slots)));
      const first = facts.length - 2;
      for (const [i, { length }] of packets.entries()) {
        facts[(first + i) % facts.length] = packetFacts(length, i % 5 === 0 ? 6 : 4);
      }
      for (let batch = 0; batch < 3; batch++) {
        const { places } = sender;
        const frame = sender.firstFrame();
        const placeOf = (slot: number) => places[(frame + slot) % places.length];
        expect(packets.map((_, i) => placeOf(i))).toEqual(
          packets.map((_, i) => words.byteOffset + 4 * sender.slotAt(i)),
        );
        for (const [i, packet] of packets.entries())
          new Uint8Array(words.buffer, placeOf(i), packet.length).set(packet);
        // A frame keeps its facts: a batch of packets as those that lay in its frames before needs none.
        const known = batch * slots >= places.length;
        if (!known) sender.setFacts(slots, first, facts);
        await sendAll(sender, slots);
      }
      const expected = [...packets, ...packets, ...packets].map(hex);
      expect((await left(3 * slots)).map(({ packet }) => packet)).toEqual(expected);
      const tooLong = Int32Array.of(packetFacts(60, 4), packetFacts(sender.slotBytes + 1, 4));
      expect(() => sender.setFacts(2, 0, tooLong)).toThrow(RangeError);
    });

    it("takes batch after batch, the rest of each by later calls, and loses none", async () => {
      const { sender, left } = open();
      const count = sender.slots * 3;
      for (let batch = 0; batch < 3; batch++) {
        for (let i = 0; i < sender.slots; i++) put(sender, i, probe(4, batch * sender.slots + i));
        await sendAll(sender, sender.slots);
      }
      const expected = Array.from({ length: count }, (_, i) => hex(probe(4, i)));
      expect((await left(count)).map(({ packet }) => packet)).toEqual(expected);
      expect(sender.sendStats().sent).toBe(count);
    });

    it("sends as many as it is told, then the rest, and nothing when there is nothing", async () => {
      const { sender, left } = open();
      for (const slot of [0, 1, 2, 3]) put(sender, slot, probe(4, slot));
      expect(sender.send(0)).toBe(0);
      await sendAll(sender, 4);
      expect(sender.send(4, 4)).toBe(0);
      const all = [0, 1, 2, 3].map((number) => hex(probe(4, number)));
      expect((await left(5, 200)).map(({ packet }) => packet)).toEqual(all);
    });

    it("gives a batch up whose slots are filled again", async () => {
      const { sender, left } = open();
      for (const slot of [0, 1, 2]) put(sender, slot, probe(4, slot));
      for (const slot of [0, 1]) put(sender, slot, probe(6, 10 + slot));
      await sendAll(sender, 2);
      expect((await left(3, 200)).map(({ packet }) => packet)).toEqual([10, 11].map((number) => hex(probe(6, number))));
    });

    it("holds packets of a whole slot, and refuses longer ones, empty ones and slots that it does not have", async () => {
      const { sender, left } = open();
      const { slots, slotBytes } = sender;
      const longest = probe(4, 7, slotBytes);
      put(sender, 0, longest);
      await sendAll(sender, 1);
      expect((await left(1)).map(({ packet }) => packet)).toEqual([hex(longest)]);
      for (const bytes of [0, -1, slotBytes + 1]) expect(() => sender.setLength(0, bytes)).toThrow(RangeError);
      for (const slot of [-1, slots]) {
        expect(() => sender.slot(slot)).toThrow(RangeError);
        expect(() => sender.setLength(slot, 40)).toThrow(RangeError);
      }
    });

    it.each([
      [4, 6],
      [6, 4],
    ] as const)("has only IPv%i where there is no way for the other", async (family, other) => {
      const { sender, receiver, left, arrive } = open({ families: [family] });
      sender.slot(0).set(probe(other, 1));
      expect(() => sender.setLength(0, 60)).toThrow(RangeError);
      put(sender, 0, probe(family, 2));
      await sendAll(sender, 1);
      expect((await left(1)).map(({ packet }) => packet)).toEqual([hex(probe(family, 2))]);
      arrive([answer(other, 1), answer(family, 2)]);
      expect((await hear(receiver, 1)).map(({ packet }) => packet)).toEqual([hex(answer(family, 2))]);
    });

    it("hands up what comes to its own addresses, unchanged, in order, with Unix time", async () => {
      const { receiver, arrive } = open();
      const packets = Array.from({ length: 50 }, (_, i) => answer(i % 2 === 0 ? 4 : 6, i));
      const beforeUs = Date.now() * 1000;
      arrive(packets);
      const heard = await hear(receiver, packets.length);
      expect(heard.map(({ packet }) => packet)).toEqual(packets.map(hex));
      for (const { capturedUs } of heard) {
        expect(capturedUs).toBeGreaterThanOrEqual(beforeUs - 1000);
        expect(capturedUs).toBeLessThanOrEqual(Date.now() * 1000 + 1000);
      }
      const { received, kernelDrops } = receiver.receiveStats();
      expect(received).toBe(packets.length);
      expect([0, null]).toContain(kernelDrops);
    });

    it("keeps back what is not addressed to it", async () => {
      const { receiver, arrive } = open();
      arrive([
        answer(4, 1, parseAddress("192.0.2.9")),
        answer(6, 2, parseAddress("2001:db8:9::9")),
        answer(4, 3),
        answer(4, 4, parseAddress("255.255.255.255")),
        answer(6, 5),
      ]);
      const heard = await hear(receiver, 2);
      await pause(50);
      receiver.receive((packet) => heard.push({ packet: hex(packet), capturedUs: 0 }), 100);
      expect(heard.map(({ packet }) => packet)).toEqual([answer(4, 3), answer(6, 5)].map(hex));
    });

    it("hands up no more than its budget, and keeps the rest", async () => {
      const { receiver, arrive } = open();
      arrive(Array.from({ length: 20 }, (_, i) => answer(4, i)));
      await pause(100);
      const calls: number[] = [];
      for (const budget of [0, 7, 1, 100]) {
        let called = 0;
        const taken = receiver.receive(() => called++, budget);
        expect(taken).toBe(called);
        calls.push(called);
      }
      expect(calls).toEqual([0, 7, 1, 12]);
    });

    it("waits as long as it is told, and wakes up when a packet comes", async () => {
      const { receiver, arrive } = open();
      const startMs = performance.now();
      expect(await receiver.wait(40)).toBe(false);
      expect(performance.now() - startMs).toBeGreaterThan(35);
      expect(await receiver.wait(0)).toBe(false);
      const waiting = receiver.wait(2000);
      arrive([answer(4, 1)]);
      expect(await waiting).toBe(true);
      expect(performance.now() - startMs).toBeLessThan(1500);
      // It is there still.
      expect(await receiver.wait(2000)).toBe(true);
      expect(await hear(receiver, 1)).toHaveLength(1);
    });

    it("counts what it had no room for, or says that it cannot tell", async () => {
      const { receiver, arrive } = open({ small: true });
      const packets = Array.from({ length: 100 }, (_, i) => answer(4, i));
      for (let i = 0; i < MANY / packets.length; i++) {
        arrive(packets);
        if (i % 10 === 0) await pause(1);
      }
      let received = 0;
      while (await receiver.wait(200)) received += receiver.receive(() => undefined, 1000);
      const stats = receiver.receiveStats();
      expect(received).toBeGreaterThan(0);
      expect(received).toBeLessThan(MANY);
      expect(stats.received).toBe(received);
      if (stats.kernelDrops === null) return;
      expect(stats.kernelDrops).toBeGreaterThan(0);
      expect(received + stats.kernelDrops).toBeLessThanOrEqual(MANY);
    });

    it("is quiet once it was closed, however often", async () => {
      const { sender, receiver, arrive, left } = open();
      put(sender, 0, probe(4, 1));
      arrive([answer(4, 1)]);
      expect(await receiver.wait(1000)).toBe(true);
      receiver.receive(() => undefined, 10);
      const startMs = performance.now();
      const waiting = receiver.wait(2000);
      for (let i = 0; i < 2; i++) {
        sender.close();
        receiver.close();
      }
      expect(await waiting).toBe(false);
      expect(await receiver.wait(2000)).toBe(false);
      expect(performance.now() - startMs).toBeLessThan(1000);
      expect(receiver.receive(() => undefined, 10)).toBe(0);
      expect(sender.send(1)).toBe(0);
      expect(await left(1, 50)).toEqual([]);
      expect(sender.sendStats().sent).toBe(0);
      expect(receiver.receiveStats().received).toBe(1);
    });

    it("still sends what it has taken when it is closed", async () => {
      const { sender, left } = open();
      for (const slot of [0, 1, 2]) put(sender, slot, probe(4, slot));
      await sendAll(sender, 3);
      sender.close();
      expect((await left(3)).map(({ packet }) => packet)).toEqual([0, 1, 2].map((number) => hex(probe(4, number))));
    });

    it("names what is missing where it cannot be opened", () => {
      expect(() => lab.openNowhere()).toThrow(UserError);
      expect(() => lab.openNowhere()).toThrow("nowhere0");
    });

    it("says that its link is down", async () => {
      await lab.whileDown?.(async (sender) => {
        put(sender, 0, probe(4, 1));
        const trying = async (): Promise<void> => {
          for (let i = 0; i < 100; i++) {
            sender.send(1);
            await pause(10);
          }
        };
        await expect(trying()).rejects.toThrow("the interface is down");
        expect(sender.sendStats().sendErrors).toBeGreaterThan(0);
      });
    });
  });
}
