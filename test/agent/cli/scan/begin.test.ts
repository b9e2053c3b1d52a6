import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { ownRules } from "../../../../agent/cli/allowed.js";
import { type BegunScan, beginScan, targetsAskedAgain } from "../../../../agent/cli/scan/begin.js";
import { type Checkpoint, writeCheckpoint } from "../../../../agent/cli/scan/checkpoint.js";
import { packTargets, unpackTargets } from "../../../../agent/cli/scan/pack.js";
import { scanRequest } from "../../../../agent/cli/scan/request.js";
import { parseTargets } from "../../../../agent/cli/targets.js";
import { formatAddress } from "../../../../shared/address/address.js";
import { formatPrefix } from "../../../../shared/address/prefix.js";
import { createTarget } from "../../../../shared/target/source.js";
import { scanArguments } from "./arguments.js";

const folder = mkdtempSync(join(tmpdir(), "parallax-begin-"));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function fileOf(text: string): string {
  const file = join(folder, `file-${files++}`);
  writeFileSync(file, text);
  return file;
}

const LAB = 'open: [198.18.0.0/15, "2001:2::/48"]\n';

function begin(line: string, rules = LAB): Promise<BegunScan> {
  return beginScan(scanRequest(scanArguments(line.split(" "))), ownRules(fileOf(rules)), 1_795_437_835_000);
}

/** Targets in the scan's order. */
function orderOf({ plan }: BegunScan): string[] {
  const into = createTarget();
  return plan.sources.flatMap(({ source, from, to }) =>
    Array.from({ length: to - from }, (_, i) => {
      source.targetAt(from + i, into);
      return `${formatAddress(into.address)} ${into.port}`;
    }),
  );
}

describe("a scan begins", () => {
  it("with every address and port once, the second family behind the first", async () => {
    const order = orderOf(await begin("198.18.0.0/30 198.18.0.2 2001:2::8/127 -p 80,81"));
    expect(new Set(order).size).toBe(order.length);
    expect([...order].sort()).toEqual([
      ...["198.18.0.0 80", "198.18.0.0 81", "198.18.0.1 80", "198.18.0.1 81", "198.18.0.2 80", "198.18.0.2 81"],
      ...["198.18.0.3 80", "198.18.0.3 81", "2001:2::8 80", "2001:2::8 81", "2001:2::9 80", "2001:2::9 81"],
    ]);
    expect(order.slice(8).every((target) => target.startsWith("2001"))).toBe(true);
  });

  it("in the same order with the same seed, and in another with another; the secret never is the same", async () => {
    const [first, second, other] = await Promise.all([
      begin("198.18.0.0/24 -e 7"),
      begin("198.18.0.0/24 -e 7"),
      begin("198.18.0.0/24 -e 8"),
    ]);
    expect(orderOf(first)).toEqual(orderOf(second));
    expect(orderOf(other)).not.toEqual(orderOf(first));
    expect(first.plan.keys.secret).not.toEqual(second.plan.keys.secret);
  });

  it("with shards that share the targets, which needs a seed", async () => {
    const shards = await Promise.all([0, 1, 2].map((i) => begin(`198.18.0.0/26 -e 7 --shards 3 --shard ${i}`)));
    expect(shards.flatMap(orderOf)).toEqual(orderOf(await begin("198.18.0.0/26 -e 7")));
    await expect(begin("198.18.0.0/26 --shards 3")).rejects.toThrow("--shards needs --seed");
    await expect(begin("198.18.0.1 -e 7 --shards 3 --shard 2")).rejects.toThrow("shard 2 of 3 has no target");
  });

  it("with an interval for each sending thread", async () => {
    const { tasks } = await begin("198.18.0.0/24 -T 3");
    expect(tasks.map(({ from, to, start }) => [from, to, start])).toEqual([
      [0, 86, 0],
      [86, 171, 86],
      [171, 256, 171],
    ]);
  });

  it("at the rate asked for, the bandwidth's rate, or the agent's own cap", async () => {
    expect((await begin("198.18.0.1 -r 500")).plan.packetsPerSecond).toBe(500);
    const capped = `${LAB}caps: { packetsPerSecond: 100 }\n`;
    expect((await begin("198.18.0.1 -r 500", capped)).plan.packetsPerSecond).toBe(100);
    // A plain SYN of the Linux profile: 60 bytes, 98 on the wire; 784,000 bit/s are 1,000 of them.
    expect((await begin("198.18.0.1 --variant plain -B 784000")).plan.packetsPerSecond).toBe(1000);
  });

  it("without what blocklists, opt-outs and the agent's own blocks name", async () => {
    const block = fileOf("198.18.0.0/25 # asked by mail\n\n# nothing\n198.18.0.200\n");
    const rules = `${LAB}block: [198.18.0.201/32]\noptOuts: [{ prefix: 198.18.0.202/32, date: 2026-03-01, reason: mail }]\n`;
    const { plan, remaining } = await begin(`198.18.0.0/24 -b ${block}`, rules);
    expect(plan.targets).toBe(125);
    expect(remaining.exclusions).toEqual(
      expect.arrayContaining([
        { prefix: "198.18.0.0/25", why: `asked by mail (${block})`, addresses: 128 },
        { prefix: "198.18.0.202/32", why: "opted out on 2026-03-01: mail (optOuts)", addresses: 1 },
      ]),
    );
  });

  it("from an allowlist, without what of it may not be probed", async () => {
    const allow = fileOf("198.18.0.0/30\n10.0.0.0/8\n2001:2::1\n");
    const { plan, remaining } = await begin(`-w ${allow}`);
    expect(plan.targets).toBe(5);
    expect(remaining.excluded).toBe(2 ** 24);
  });

  it("never with nothing, or with a target that may not be probed at all", async () => {
    await expect(begin("-p 80")).rejects.toThrow("no targets are named");
    await expect(begin("198.18.0.1 10.0.0.0/24")).rejects.toThrow(/10\.0\.0\.0.*Private-Use/);
    const optOut = `${LAB}optOuts: [{ prefix: 198.18.0.0/24, date: 2026-03-01, reason: mail }]\n`;
    await expect(begin("198.18.0.7", optOut)).rejects.toThrow(
      "target 198.18.0.7 has no address that may be probed: 198.18.0.0/24 is left out (opted out on 2026-03-01: mail (optOuts))",
    );
    await expect(begin("198.18.0.7", `${LAB}block: [198.18.0.0/24]\n`)).rejects.toThrow(
      /198\.18\.0\.0\/24, which "block"/,
    );
    const allow = fileOf("10.0.0.0/8\n");
    await expect(begin(`-w ${allow}`)).rejects.toThrow(`${allow} has no address that may be probed`);
  });

  it("never at public addresses without a contact", async () => {
    await expect(begin("1.0.0.0/24")).rejects.toThrow(/contact\.email and contact\.url/);
    const contact = 'contact: { email: noc@example.net, url: "https://example.net" }\n';
    expect((await begin("1.0.0.0/24", contact)).plan.targets).toBe(256);
    // A wide prefix loses the special-purpose ranges in it: 0/8 and 10/8 of sixteen.
    expect((await begin("0.0.0.0/4", contact)).plan.targets).toBe(14 * 2 ** 24);
  });

  it("never on a port that the agent's file does not allow", async () => {
    await expect(begin("198.18.0.1 -p 80,22", `${LAB}caps: { packetsPerSecond: 10, ports: [80] }\n`)).rejects.toThrow(
      /port 22/,
    );
  });
});

describe("a scan goes on", () => {
  const LINE = "198.18.0.0/24 -T 2";

  /** As the keeper writes it. */
  async function interrupt(line: string): Promise<{ file: string; begun: BegunScan }> {
    const begun = await begin(line);
    const file = join(folder, `state-${files++}`);
    const checkpoint: Checkpoint = {
      format: "parallax-scan",
      version: 1,
      scan: { ...begun.parameters },
      secret: Buffer.from(begun.plan.keys.secret).toString("hex"),
      permutationKey: Buffer.from(begun.plan.keys.permutationKey).toString("hex"),
      targets: packTargets(begun.targets),
      intervals: begun.tasks.map(({ planned, from, to }, i) => ({
        source: planned.id,
        ...{ from, to, sent: from + 20, done: from + 10 + i },
      })),
      outputBytes: null,
      totals: { ...begun.totals, packets: 400 },
      askedAgain: [{ source: "synscan/v4/80", from: 0, to: 5 }],
      startedAtMs: begun.startedAtMs,
    };
    await writeCheckpoint(file, checkpoint);
    return { file, begun };
  }

  it("with the same order and keys, behind what is over, and says what it asks again", async () => {
    const { file, begun } = await interrupt(LINE);
    const again = await begin(`${LINE} --resume ${file}`);
    expect(orderOf(again)).toEqual(orderOf(begun));
    expect(again.plan.keys).toEqual(begun.plan.keys);
    expect(again.tasks.map(({ from, to, start }) => [from, to, start])).toEqual([
      [0, 128, 10],
      [128, 256, 139],
    ]);
    expect(again.totals.packets).toBe(400);
    expect(again.askedAgain.slice(1)).toEqual([
      { source: "synscan/v4/80", from: 10, to: 20 },
      { source: "synscan/v4/80", from: 139, to: 148 },
    ]);
    expect(targetsAskedAgain(again)).toBe(5 + 10 + 9);
  });

  it("with other threads and another rate, whose intervals stay as they were", async () => {
    const { file } = await interrupt(LINE);
    expect((await begin(`198.18.0.0/24 -T 4 -r 50 --retries 3 --resume ${file}`)).tasks).toHaveLength(2);
  });

  it("with what was blocked since skipped, so that no index moves", async () => {
    const { file, begun } = await interrupt(LINE);
    const optOut = `${LAB}optOuts: [{ prefix: 198.18.0.0/25, date: 2026-03-01, reason: mail }]\n`;
    const again = await begin(`${LINE} --resume ${file}`, optOut);
    expect(again.plan.targets).toBe(begun.plan.targets);
    expect(again.skip.map(formatPrefix)).toEqual(["198.18.0.0/25"]);
  });

  it("not when the agent's file forbids it now", async () => {
    const { file } = await interrupt(LINE);
    await expect(begin(`${LINE} --resume ${file}`, `${LAB}block: [198.18.0.7/32]\n`)).rejects.toThrow(
      /198\.18\.0\.7\/32, which "block"/,
    );
  });

  it.each([
    ["targets", "198.18.0.0/23 -T 2"],
    ["--target-ports", "198.18.0.0/24 -p 81"],
    ["--variant", "198.18.0.0/24 --variant v1"],
    ["--profile", "198.18.0.0/24 --profile bsd"],
    ["--seed", "198.18.0.0/24 -e 1"],
    ["--max-targets", "198.18.0.0/24 -n 5"],
    ["--output-module", "198.18.0.0/24 -O csv"],
    ["--output-fields", "198.18.0.0/24 -f saddr"],
    ["--output-file", "198.18.0.0/24 -o x"],
  ])("not with other %s", async (option, line) => {
    const { file } = await interrupt(LINE);
    await expect(begin(`${line} --resume ${file}`)).rejects.toThrow(`is of another scan: ${option} was`);
  });
});

describe("packed targets", () => {
  it("come back as they were", () => {
    const asked = parseTargets(["0.0.0.0/1", "255.255.255.255", "198.18.0.0/15", "2001:2::/126", "ff00::1"]);
    const back = unpackTargets(packTargets(asked));
    expect(back.ipv4.ranges).toEqual(asked.ipv4.ranges);
    expect(back.ipv6).toEqual(asked.ipv6);
  });
});
