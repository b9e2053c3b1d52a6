import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Link } from "../../../agent/wire/link.js";
import { createPacketLink, type PacketLinkOptions } from "../../../agent/wire/packet-link.js";
import { UserError } from "../../../shared/errors.js";
import { createNamespaces, type Namespaces } from "./namespaces.js";

const LEFT = "px5-left";
const RIGHT = "px5-right";

/** A frame of 60 bytes whose payload is a number; EtherType 88B5 is for local experiments (IEEE 802). */
function frameOf(number: number): Uint8Array {
  const frame = new Uint8Array(60);
  frame.fill(0xff, 0, 6);
  frame.set([2, 0, 0, 0, 0, 9, 0x88, 0xb5], 6);
  new DataView(frame.buffer).setUint32(14, number);
  return frame;
}

function numberIn(frame: Uint8Array): number {
  return new DataView(frame.buffer, frame.byteOffset).getUint32(14);
}

function isOurs(frame: Uint8Array): boolean {
  return frame[12] === 0x88 && frame[13] === 0xb5;
}

describe("packet link", () => {
  let namespaces: Namespaces;
  const open: Link[] = [];
  const openLink = (namespace: string, options: Partial<PacketLinkOptions> = {}): Link => {
    const link = namespaces.inside(namespace, () => createPacketLink({ interface: "veth0", ...options }));
    open.push(link);
    return link;
  };

  beforeAll(() => {
    namespaces = createNamespaces([LEFT, RIGHT]);
    namespaces.run(LEFT, `ip link add veth0 type veth peer name veth0 netns ${RIGHT}`);
    for (const name of [LEFT, RIGHT]) {
      // Without IPv6 the kernel itself has nothing to say on the link.
      namespaces.run(name, "sysctl -qw net.ipv6.conf.veth0.disable_ipv6=1");
      namespaces.run(name, "ip link set veth0 up");
    }
  });
  afterAll(() => {
    for (const link of open) link.close();
    namespaces.destroy();
  });

  async function collect(
    link: Link,
    count: number,
  ): Promise<{ number: number; outgoing: boolean; capturedUs: number }[]> {
    const found: { number: number; outgoing: boolean; capturedUs: number }[] = [];
    const deadline = Date.now() + 5000;
    while (found.length < count && Date.now() < deadline) {
      const taken = link.receive((frame, capturedUs, { outgoing }) => {
        if (isOurs(frame)) found.push({ number: numberIn(frame), outgoing, capturedUs });
      }, 100);
      if (taken === 0) await link.wait(100);
    }
    return found;
  }

  function send(link: Link, numbers: readonly number[]): void {
    for (const [slot, number] of numbers.entries()) {
      link.slot(slot).set(frameOf(number));
      link.setLength(slot, 60);
    }
    for (let sent = 0; sent < numbers.length; ) sent += link.send(numbers.length, sent);
  }

  it("brings frames over in order, with the time of their capture", async () => {
    const left = openLink(LEFT);
    const right = openLink(RIGHT);
    const numbers = Array.from({ length: 200 }, (_, i) => i * 7);
    const before = Date.now() * 1000;
    send(left, numbers);
    const received = await collect(right, 200);
    expect(received.map(({ number }) => number)).toEqual(numbers);
    expect(received.every(({ outgoing }) => !outgoing)).toBe(true);
    for (const { capturedUs } of received) {
      expect(capturedUs).toBeGreaterThanOrEqual(before - 1000);
      expect(capturedUs).toBeLessThanOrEqual(Date.now() * 1000 + 1000);
    }
    expect(left.stats()).toMatchObject({ sent: 200, sendErrors: 0 });
    expect(right.stats()).toMatchObject({ received: 200, kernelDrops: 0 });
  });

  it("gives the interface's index and MAC address", () => {
    const link = openLink(LEFT);
    namespaces.run(LEFT, "ip link set veth0 address 02:00:00:00:00:42");
    const again = openLink(LEFT);
    expect([...again.macAddress]).toEqual([2, 0, 0, 0, 0, 0x42]);
    expect(again.interfaceIndex).toBe(link.interfaceIndex);
  });

  it("sends the rest of the slots by a later call, which goes on where the last one stopped", async () => {
    const left = openLink(LEFT);
    const right = openLink(RIGHT);
    for (const slot of [0, 1, 2, 3]) {
      left.slot(slot).set(frameOf(slot));
      left.setLength(slot, 60);
    }
    expect(left.send(2)).toBe(2);
    expect(() => left.send(4, 3)).toThrow(RangeError);
    expect(left.send(4, 2)).toBe(2);
    expect((await collect(right, 4)).map(({ number }) => number)).toEqual([0, 1, 2, 3]);
  });

  it("loses nothing of its place while the interface is down", async () => {
    const left = openLink(LEFT);
    const right = openLink(RIGHT);
    send(left, [1, 2, 3]);
    expect((await collect(right, 3)).map(({ number }) => number)).toEqual([1, 2, 3]);
    namespaces.run(LEFT, "ip link set veth0 down");
    left.slot(0).set(frameOf(4));
    left.setLength(0, 60);
    expect(() => left.send(1)).toThrow(/cannot send packets: the interface is down/);
    expect(left.stats()).toMatchObject({ sent: 3, sendErrors: 1 });
    namespaces.run(LEFT, "ip link set veth0 up");
    const again = openLink(RIGHT);
    // More than the ring has frames, so that the one that did not go comes round again.
    const numbers = Array.from({ length: 200 }, (_, i) => i);
    for (let round = 0; round < 4; round++) {
      send(left, numbers);
      expect((await collect(again, 200)).map(({ number }) => number)).toEqual(numbers);
    }
  });

  it("marks what another socket of this host sends, or leaves it out", async () => {
    const sender = openLink(LEFT);
    const watching = openLink(LEFT);
    const ignoring = openLink(LEFT, { ignoreOutgoing: true });
    send(sender, [5]);
    expect(await collect(watching, 1)).toMatchObject([{ number: 5, outgoing: true }]);
    expect(ignoring.receive(() => {}, 10)).toBe(0);
  });

  it("hands up only what its filter lets pass", async () => {
    // Load the last byte of the number and accept the frame when it is 3: ldb [17]; jeq #3, 0, 1; ret #60; ret #0.
    const filter = Uint8Array.of(
      ...[0x30, 0, 0, 0, 17, 0, 0, 0],
      ...[0x15, 0, 0, 1, 3, 0, 0, 0],
      ...[0x06, 0, 0, 0, 60, 0, 0, 0],
      ...[0x06, 0, 0, 0, 0, 0, 0, 0],
    );
    const right = openLink(RIGHT, { filter });
    send(openLink(LEFT), [1, 2, 3, 4, 3]);
    expect((await collect(right, 2)).map(({ number }) => number)).toEqual([3, 3]);
    expect(right.receive(() => {}, 10)).toBe(0);
  });

  it("says that nothing came, and wakes up when something does", async () => {
    const right = openLink(RIGHT);
    expect(await right.wait(30)).toBe(false);
    const waiting = right.wait(5000);
    send(openLink(LEFT), [1]);
    expect(await waiting).toBe(true);
  });

  it("counts what a full ring loses", async () => {
    const right = openLink(RIGHT, { ringBytes: 512 * 1024 });
    const left = openLink(LEFT);
    const numbers = Array.from({ length: 250 }, (_, i) => i);
    for (let i = 0; i < 80; i++) send(left, numbers);
    let received = 0;
    while (await right.wait(50)) received += right.receive(() => {}, 1000);
    const { kernelDrops } = right.stats();
    expect(kernelDrops).toBeGreaterThan(0);
    expect(received + kernelDrops).toBe(20_000);
  });

  it("is quiet after it was closed, also for a view that somebody kept", async () => {
    const right = openLink(RIGHT);
    const left = openLink(LEFT);
    send(left, [77]);
    let kept: Uint8Array = new Uint8Array(0);
    await right.wait(1000);
    right.receive((frame) => {
      kept = frame;
    }, 1);
    const waiting = right.wait(10_000);
    right.close();
    right.close();
    expect(await waiting).toBe(false);
    expect(right.receive(() => {}, 10)).toBe(0);
    expect(right.send(1)).toBe(0);
    expect(kept.every((byte) => byte === 0)).toBe(true);
  });

  it("names an interface that does not exist, and one that is down", () => {
    expect(() => openLink(LEFT, { interface: "nope0" })).toThrow(UserError);
    expect(() => openLink(LEFT, { interface: "a-name-that-is-too-long" })).toThrow(UserError);
    const left = openLink(LEFT);
    namespaces.run(LEFT, "ip link set veth0 down");
    expect(() => send(left, [1])).toThrow("the interface is down");
    expect(left.stats().sendErrors).toBe(1);
    namespaces.run(LEFT, "ip link set veth0 up");
  });
});
