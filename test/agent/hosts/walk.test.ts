import { describe, expect, it } from "@jest/globals";
import { createHostWalk, type HostWalk, type HostWalkOptions } from "../../../agent/hosts/walk.js";
import { formatAddress, parseAddress } from "../../../shared/address/address.js";
import { createListSource } from "../../../shared/target/list.js";

const HOSTS = ["192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.3"];

interface Talk {
  readonly index: number;
  /** Ends it: over, or cut short. */
  end(isOver: boolean): Promise<void>;
  fail(error: Error): Promise<void>;
}

function walkOf(options: Partial<HostWalkOptions> = {}): { walk: HostWalk; talks: Talk[] } {
  const targets = HOSTS.map((text, i) => ({ address: parseAddress(text), port: 80 + i }));
  const talks: Talk[] = [];
  const walk = createHostWalk({
    source: createListSource(targets),
    from: 0,
    to: targets.length,
    busyHosts: new Set(),
    mostParked: 10,
    isSkipped: () => false,
    work: (index) =>
      new Promise((resolve, reject) => {
        const settle = async (how: () => void): Promise<void> => {
          how();
          await new Promise((next) => setImmediate(next));
        };
        talks.push({
          index,
          end: (isOver) => settle(() => resolve(isOver)),
          fail: (error) => settle(() => reject(error)),
        });
      }),
    ...options,
  });
  return { walk, talks };
}

describe("a walk over hosts", () => {
  it("talks to as many hosts as it may, to each over one connection at a time", async () => {
    const { walk, talks } = walkOf();
    walk.fill(2);
    expect(talks.map(({ index }) => index)).toEqual([0, 1]);
    walk.fill(4);
    // The third target is the first one's host.
    expect(talks.map(({ index }) => index)).toEqual([0, 1, 3]);
    expect(walk.running).toBe(3);
    await talks[0]?.end(true);
    walk.fill(4);
    expect(talks.map(({ index }) => index)).toEqual([0, 1, 3, 2]);
    for (const talk of talks.slice(1)) await talk.end(true);
    expect(walk.isOver).toBe(true);
    expect(walk.progress()).toEqual({ sent: 4, done: 4, skipped: 0 });
  });

  it("leaves alone a host that another walk of the agent talks to", () => {
    const { walk, talks } = walkOf({ busyHosts: new Set([String.fromCharCode(...parseAddress("192.0.2.2"))]) });
    walk.fill(4);
    expect(talks.map(({ index }) => index)).toEqual([0, 3]);
    expect(walk.progress()).toEqual({ sent: 4, done: 0, skipped: 0 });
    expect(walk.isOver).toBe(false);
  });

  it("takes no more targets while as many wait as may", () => {
    const busyHosts = new Set(HOSTS.map((text) => String.fromCharCode(...parseAddress(text))));
    const { walk } = walkOf({ busyHosts, mostParked: 2 });
    walk.fill(4);
    expect(walk.progress()).toEqual({ sent: 2, done: 0, skipped: 0 });
  });

  it("is done up to the first index that is open, and keeps open what was cut short", async () => {
    const { walk, talks } = walkOf();
    walk.fill(2);
    await talks[1]?.end(true);
    expect(walk.progress().done).toBe(0);
    await talks[0]?.end(false);
    walk.fill(4);
    for (const talk of talks.slice(2)) await talk.end(true);
    expect(walk.progress()).toEqual({ sent: 4, done: 0, skipped: 0 });
    expect(walk.isOver).toBe(true);
  });

  it("counts what is left out, also what has waited for its host, and says which", async () => {
    const skipped = new Set<string>(["192.0.2.2"]);
    const leftOut: number[] = [];
    const { walk, talks } = walkOf({
      isSkipped: (address) => skipped.has(formatAddress(address)),
      onLeftOut: (index) => leftOut.push(index),
    });
    walk.fill(4);
    expect(leftOut).toEqual([1]);
    skipped.add("192.0.2.1");
    walk.fill(4);
    expect(leftOut).toEqual([1, 2]);
    for (const talk of talks) await talk.end(true);
    walk.leaveOut(3);
    expect(walk.progress()).toEqual({ sent: 4, done: 4, skipped: 3 });
  });

  it("ends with the first failure, whether of a work or told to it", async () => {
    const { walk, talks } = walkOf();
    walk.fill(2);
    walk.check();
    await talks[0]?.fail(new Error("the first"));
    walk.fail(new Error("the second"));
    expect(walk.isOver).toBe(true);
    expect(walk.running).toBe(1);
    expect(() => walk.check()).toThrow("the first");
  });
});
