import { describe, expect, it } from "@jest/globals";
import { createProbeNetwork } from "../../../agent/lease/probing.js";
import { createLocalHost } from "../../../agent/sender/local-host.js";
import { createSimHash } from "../../../agent/sim/hash.js";
import { createSimPort } from "../../../agent/sim/port.js";
import { createSeededWorld } from "../../../agent/sim/seeded.js";
import { sharesSchema } from "../../../agent/sim/seeded-spec.js";
import { formatAddress, parseAddress } from "../../../shared/address/address.js";
import { parsePrefix } from "../../../shared/address/prefix.js";
import type { FactRow } from "../../../shared/batch/rows.js";
import type { WorkPlan } from "../../../shared/lease/work.js";
import { rangeOfPrefix } from "../../../shared/target/ranges.js";
import { openTargetSource, type TargetSourceSpec } from "../../../shared/target/spec.js";
import { createVirtualClock } from "../sim/virtual-clock.js";
import { NO_WEB_TIMING } from "../timing/no-web-timing.js";

const ROUND = 2 ** 36;
const CANARIES = ["198.18.0.200", "198.18.0.201"];
const canaries: TargetSourceSpec = {
  kind: "list",
  targets: CANARIES.map((address) => ({ address: parseAddress(address), port: 80 })),
  from: ROUND,
  size: 2 ** 37,
};
const scan: TargetSourceSpec = {
  kind: "space",
  ranges: [rangeOfPrefix(parsePrefix("198.18.0.0/25"))],
  ports: [80],
  permutationKey: new Uint8Array(16),
};

/** A scan's lease and a round of canaries at the same time, from one agent; where each packet went, and when. */
async function probe(plan: Pick<WorkPlan, "packetsPerSecond" | "perPrefix">) {
  const clock = createVirtualClock();
  // Nobody is there: every probe goes out as often as it may.
  const dark = createSeededWorld(sharesSchema.parse({ dark: 1 }), createSimHash(1));
  const sent: { atMs: number; address: string }[] = [];
  const attached = dark.attach("fra");
  const world = {
    ...dark,
    attach: () => ({
      ...attached,
      pathTo(address: Uint8Array) {
        sent.push({ atMs: clock.monotonicMs(), address: formatAddress(address) });
        return attached.pathTo(address);
      },
    }),
  };
  const { ipv4: source4, ipv6: source6 } = attached;
  const port = createSimPort({ world, vantage: "fra", clock });
  const network = createProbeNetwork({
    ...{ port, clock, source4, source6, leftOut: [], packetsPerSecond: 1_000_000 },
    host: createLocalHost({ port, source4, source6, clock }),
    prepareHandshakes: async () => undefined,
    webTiming: NO_WEB_TIMING,
    driver: { name: "sim", reason: "a test" },
    listen: null,
  });
  const rows: FactRow[] = [];
  const start = (source: string, sourceSpec: TargetSourceSpec, from: number, to: number) =>
    network.startProbing({
      plan: {
        ...plan,
        ...{ plan: `c/${source}`, campaign: "c", stage: "synscan", secret: new Uint8Array(16), ports: [80] },
        ...{
          variants: ["v1", "plain"],
          options: "linux",
          retries: 1,
          replyWindowMs: 500,
          maxTtl: 0,
          routerPacketsPerSecond: null,
          timing: null,
        },
        source: { kind: "list", size: 2 ** 37 },
      },
      ...{ source: openTargetSource(sourceSpec), sourceSpec, from, to },
      allowedUntil: () => Number.MAX_SAFE_INTEGER,
      emit: (row) => rows.push(row),
    });
  const over = new AbortController();
  const receiving = network.run(over.signal);
  const runs = [start("synscan/v4/80", scan, 0, 128), start("canary/v4/80", canaries, ROUND, ROUND + 2)];
  await Promise.all(runs.map((run) => run.finished));
  over.abort();
  await receiving;
  await network.close();
  return { sent, rows, done: runs.map((run) => run.done) };
}

/** The most packets in any second. */
function mostInASecond(timesMs: readonly number[]): number {
  return Math.max(...timesMs.map((from) => timesMs.filter((ms) => ms >= from && ms < from + 1_000).length));
}

describe("a round of canaries beside a scan's lease", () => {
  it("is one lease like another: silence is its marks without a row", async () => {
    const { sent, rows, done } = await probe({ packetsPerSecond: 100_000, perPrefix: null });

    expect(rows).toEqual([]);
    expect(done).toEqual([128, ROUND + 2]);
    // Two variants, each asked again once.
    for (const canary of CANARIES) expect(sent.filter(({ address }) => address === canary)).toHaveLength(4);
  });

  it("shares the budget of its prefix with the scan", async () => {
    const { sent } = await probe({
      packetsPerSecond: 100_000,
      perPrefix: { v4: 24, v6: 48, packetsPerSecond: 40 },
    });

    expect(sent).toHaveLength((128 + 2) * 4);
    // The probes of one target belong together.
    expect(mostInASecond(sent.map(({ atMs }) => atMs))).toBeLessThanOrEqual(40 + 2);
  });

  it("shares the campaign's rate with the scan", async () => {
    const { sent } = await probe({ packetsPerSecond: 50, perPrefix: null });
    const [first, last] = [sent[0]?.atMs ?? 0, sent.at(-1)?.atMs ?? 0];

    expect(mostInASecond(sent.map(({ atMs }) => atMs))).toBeLessThanOrEqual(50 + 2);
    expect(last - first).toBeGreaterThanOrEqual(((sent.length - 2) / 50) * 1_000 * 0.99);
  });
});
