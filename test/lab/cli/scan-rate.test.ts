import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Link } from "../../../agent/wire/link.js";
import { createPacketLink } from "../../../agent/wire/packet-link.js";
import { createScanLab, type ScanLab } from "./scan-lab.js";

/** Packets that a sender may hand to the kernel at once. */
const BATCH = 256;
const ETHERNET = 14;

interface Captured {
  readonly atMs: number;
  /** The third byte of the destination: the /24 in 198.18.0.0/16. */
  readonly network: number;
}

describe("what a scan sends, as it is captured at the other end", () => {
  const folder = mkdtempSync(join(tmpdir(), "parallax-rate-"));
  const config = join(folder, "agent.yaml");
  let lab: ScanLab;
  let far: Link;

  beforeAll(async () => {
    lab = createScanLab();
    writeFileSync(config, "open: [198.18.0.0/15]\ncaps: { packetsPerSecond: 1000000 }\n");
    far = await lab.atHosts(async () => createPacketLink({ interface: "down0", ignoreOutgoing: true }));
  });
  afterAll(() => {
    far.close();
    lab.destroy();
    rmSync(folder, { recursive: true, force: true });
  });

  async function capture(...args: readonly string[]): Promise<Captured[]> {
    const packets: Captured[] = [];
    const take = (): number =>
      far.receive((frame, capturedUs) => {
        const isTcp = frame[12] === 8 && frame[13] === 0 && frame[ETHERNET + 9] === 6;
        // The scanner's kernel answers each SYN/ACK with a RST.
        const isSyn = isTcp && frame[ETHERNET + 20 + 13] === 2;
        if (isSyn) packets.push({ atMs: capturedUs / 1000, network: frame[ETHERNET + 18] ?? 0 });
      }, 4096);
    take();
    packets.length = 0;
    const timer = setInterval(take, 5);
    const line = ["--retries", "0", "--window", "300", "-q", "-o", join(folder, "out.json")];
    const { code, stderr } = await lab.run(["scan", "--config", config, ...args, ...line]);
    clearInterval(timer);
    while (take() > 0);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(far.stats().kernelDrops).toBe(0);
    return packets;
  }

  it.each(["xdp", "packet"])("is no more than the rate and a batch in any 10 ms (%s)", async (driver) => {
    const rate = 20_000;
    const packets = await capture("198.18.0.0/17", "--variant", "v1", "-r", `${rate}`, "--driver", driver);
    const times = packets.map(({ atMs }) => atMs);
    expect(times).toHaveLength(32_768);
    const seconds = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000;
    // One batch more where the machine held the sender up between its leave to send and the sending.
    expect((times.length - 2 * BATCH) / seconds).toBeLessThanOrEqual(rate);
    expect(mostWithin(times, 10)).toBeLessThanOrEqual(rate / 100 + 2 * BATCH);
    expect(mostWithin(times, 1000)).toBeLessThanOrEqual(rate);
  });

  it("is no more to any network than its budget in a second", async () => {
    const budget = 200;
    const packets = await capture(
      ...["198.18.0.0/22", "--variant", "v0,v1", "-r", "20000", "--prefix-rate", `${budget}`],
    );
    expect(packets).toHaveLength(2_048);
    for (const network of [0, 1, 2, 3]) {
      const times = packets.filter((packet) => packet.network === network).map(({ atMs }) => atMs);
      expect(times).toHaveLength(512);
      expect(mostWithin(times, 1000)).toBeLessThanOrEqual(budget);
    }
  });
});

/** The most of these times, in order, that lie within so many milliseconds. */
function mostWithin(times: readonly number[], ms: number): number {
  let most = 0;
  let first = 0;
  for (const [i, time] of times.entries()) {
    while (time - (times[first] ?? 0) >= ms) first++;
    most = Math.max(most, i - first + 1);
  }
  return most;
}
