import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createRateCap, RATE_CAP_BYTES } from "../../../agent/rate/rate-cap.js";
import { createLocalHost } from "../../../agent/sender/local-host.js";
import { createSynScan, type SynScanOptions } from "../../../agent/synscan/engine.js";
import { createTracebox, type TraceboxOptions } from "../../../agent/tracebox/engine.js";
import { createSystemClock } from "../../../agent/wire/clock.js";
import type { Engine } from "../../../agent/wire/engine.js";
import { openPacketPort } from "../../../agent/wire/open-port.js";
import { planPort } from "../../../agent/wire/plan-port.js";
import { createReceiver } from "../../../agent/wire/receiver.js";
import { formatAddress, parseAddress } from "../../../shared/address/address.js";
import type { EvidenceRow } from "../../../shared/batch/rows.js";
import { createProbeFields } from "../../../shared/probe/fields.js";
import { createReplyMatcher } from "../../../shared/probe/match.js";
import type { Target } from "../../../shared/target/source.js";
import { openTargetSource, type TargetSourceSpec } from "../../../shared/target/spec.js";
import type { Namespaces } from "./namespaces.js";
import { createTopology, HOSTS, ROUTER_1, VANTAGE } from "./topology.js";

/** For either engine. */
type Options = SynScanOptions & Omit<TraceboxOptions, "maxTtl">;

function targetsOf(addresses: readonly string[], ports: readonly number[]): Target[] {
  return addresses.flatMap((text) => ports.map((port) => ({ address: parseAddress(text), port })));
}

describe("engines against real Linux hosts and routers", () => {
  let namespaces: Namespaces;
  beforeAll(() => {
    namespaces = createTopology();
  }, 60_000);
  afterAll(() => namespaces.destroy());

  /** Runs one engine at the vantage point, over both families, and returns its rows. */
  function probe(targets: readonly Target[], create: (options: Options) => Engine): Promise<EvidenceRow[]> {
    return namespaces.insideAsync(VANTAGE, async () => {
      const plan = await planPort({});
      const port = openPacketPort(plan);
      const source4 = plan.ipv4?.source ?? null;
      const source6 = plan.ipv6?.source ?? null;
      const clock = createSystemClock();
      const receiver = createReceiver({ port, clock });
      const secret = crypto.getRandomValues(new Uint8Array(16));
      const fields = createProbeFields(secret);
      const cap = new SharedArrayBuffer(RATE_CAP_BYTES);
      createRateCap({ packetsPerSecond: 5000, nowMs: clock.monotonicMs, memory: cap });
      const allowedUntil = (): number => Number.POSITIVE_INFINITY;
      const sourceSpec: TargetSourceSpec = { kind: "list", targets, from: 0, size: targets.length };
      const rows: EvidenceRow[] = [];
      const over = new AbortController();
      const receiving = receiver.run(over.signal);
      try {
        await create({
          receiver,
          clock,
          fields,
          matcher: createReplyMatcher(fields),
          profile: "linux",
          source4,
          source6,
          host: createLocalHost({ port, source4, source6, clock }),
          secret,
          caps: [cap],
          skip: [],
          perPrefix: null,
          routerPacketsPerSecond: null,
          allowedUntil,
          source: openTargetSource(sourceSpec),
          sourceSpec,
          sourceId: "lab",
          from: 0,
          to: targets.length,
          variants: ["v0", "v1", "plain", "unknown-option"],
          retries: 1,
          replyWindowMs: 500,
          emit: (row) => rows.push(row),
        }).run(new AbortController().signal);
      } finally {
        over.abort();
        await receiving;
        port.close();
      }
      return rows;
    });
  }

  it.each([
    ["IPv4", "198.18.0.7"],
    ["IPv6", "2001:2:0:1::7"],
  ])("the scan tells an MPTCP host, a plain one and a closed port apart over %s", async (_family, address) => {
    const rows = await probe(targetsOf([address], [80, 81, 82]), createSynScan);
    const verdicts = rows.map((row) => `${row.port} ${row.variant} ${row.verdict}`).sort();
    expect(verdicts).toEqual([
      "80 plain plain",
      "80 unknown-option plain",
      "80 v0 plain",
      "80 v1 claims-v1",
      "81 plain plain",
      "81 unknown-option plain",
      "81 v0 plain",
      "81 v1 plain",
      "82 plain rst",
      "82 unknown-option rst",
      "82 v0 rst",
      "82 v1 rst",
    ]);
    for (const row of rows) {
      expect(formatAddress(row.responder)).toBe(address);
      if (row.table === "syn_replies") {
        // Linux sends with TTL 64; two routers take one each.
        expect(row.ttl).toBe(row.verdict === "rst" && row.ttl > 62 ? row.ttl : 62);
        if (row.verdict !== "rst") expect(row.rttUs).toBeLessThan(500_000);
        expect(row.receiverKey === null).toBe(row.verdict !== "claims-v1");
      }
    }
  });

  it("the scan of a port that drops everything makes no row", async () => {
    namespaces.run(HOSTS, "iptables -A INPUT -p tcp --dport 83 -j DROP");
    expect(await probe(targetsOf(["198.18.0.9"], [83]), createSynScan)).toEqual([]);
  });

  it("the scan of an address without a route names the router that says so", async () => {
    const rows = await probe(targetsOf(["198.19.0.1"], [80]), createSynScan);
    expect(rows.map((row) => `${row.variant} ${row.table === "syn_replies" && row.verdict}`).sort()).toEqual([
      "plain unreachable",
      "unknown-option unreachable",
      "v0 unreachable",
      "v1 unreachable",
    ]);
    for (const row of rows) expect(formatAddress(row.responder)).toBe("198.51.100.2");
  });

  async function hops(address: string): Promise<string[]> {
    const rows = await probe(targetsOf([address], [80]), (options) =>
      createTracebox({ ...options, variants: ["v1", "plain"], maxTtl: 20, retries: 2 }),
    );
    return rows
      .map((row) => {
        if (row.table !== "trace_hops") throw new Error(row.table);
        const seen = row.kind === "time-exceeded" ? row.mptcp : row.verdict;
        return `${row.variant} ${row.ttl} ${formatAddress(row.responder)} ${seen} ${row.changes.join()}${row.unobservable.join()}`;
      })
      .sort();
  }

  const paths: [string, string, string, string, string][] = [
    ["IPv4", "198.18.0.8", "192.0.2.254", "198.51.100.2", "iptables"],
    ["IPv6", "2001:2:0:1::8", "2001:db8:1::ff", "2001:db8:2::2", "ip6tables"],
  ];

  it.each(paths)(
    "the trace over %s names both routers, whose quotes are whole and unchanged",
    async (_family, host, first, second) => {
      expect(await hops(host)).toEqual([
        `plain 1 ${first} unmodified `,
        `plain 2 ${second} unmodified `,
        // The first probe of a trace has the highest TTL: its answer tells the distance.
        `plain 20 ${host} plain `,
        `plain 3 ${host} plain `,
        `v1 1 ${first} unmodified `,
        `v1 2 ${second} unmodified `,
        `v1 20 ${host} claims-v1 `,
        `v1 3 ${host} claims-v1 `,
      ]);
    },
  );

  it.each(paths)(
    "the trace over %s shows that the first router overwrites the option",
    async (_family, host, first, second, tool) => {
      const rule = "FORWARD -p tcp --dport 80 -j TCPOPTSTRIP --strip-options 30";
      namespaces.run(ROUTER_1, `${tool} -t mangle -A ${rule}`);
      try {
        expect(await hops(host)).toEqual([
          `plain 1 ${first} unmodified `,
          `plain 2 ${second} unmodified `,
          `plain 20 ${host} plain `,
          `plain 3 ${host} plain `,
          `v1 1 ${first} unmodified `,
          `v1 2 ${second} stripped-nop tcp.option.mptcp.nop`,
          `v1 20 ${host} plain `,
          `v1 3 ${host} plain `,
        ]);
      } finally {
        namespaces.run(ROUTER_1, `${tool} -t mangle -D ${rule}`);
      }
    },
  );

  it("takes one target on its own link as its own next hop, and refuses many", async () => {
    const towards4 = parseAddress("192.0.2.254");
    const without = new Set<4 | 6>([6]);
    await namespaces.insideAsync(VANTAGE, async () => void (await planPort({ towards4, without })));
    const many = namespaces.insideAsync(VANTAGE, () => planPort({ towards4, without, manyTargets: true }));
    await expect(many).rejects.toThrow("the targets around 192.0.2.254 are on this machine's own link");
  });

  it("says that there is no way out of a namespace without routes, and names the next hop that is not there", async () => {
    namespaces.run(VANTAGE, "ip route replace default via 192.0.2.77");
    try {
      await expect(
        namespaces.insideAsync(VANTAGE, () =>
          planPort({ towards4: parseAddress("198.18.0.1"), without: new Set([6]) }),
        ),
      ).rejects.toThrow("the next hop 192.0.2.77 on up0 does not answer");
      await expect(
        namespaces.insideAsync(VANTAGE, () => planPort({ interface: "lo", without: new Set([6]) })),
      ).rejects.toThrow("there is no route through lo");
    } finally {
      namespaces.run(VANTAGE, "ip route replace default via 192.0.2.254");
    }
  }, 20_000);
});
