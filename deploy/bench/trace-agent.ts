import { openEngines } from "../../agent/cli/run-engines.js";
import { createTracebox } from "../../agent/tracebox/engine.js";
import { parseAddress } from "../../shared/address/address.js";
import { createProbeFields } from "../../shared/probe/fields.js";
import { createReplyMatcher } from "../../shared/probe/match.js";
import { openTargetSource, type TargetSourceSpec } from "../../shared/target/spec.js";
import { usageOf } from "./process.js";

/** What the parent asks for: traces of a number of targets in 198.18.0.0/15, one SYN with MP_CAPABLE v1 each TTL. */
export interface TraceTask {
  readonly link: string;
  /** Targets are the first of 198.18.0.0/15 with each of these many ports. */
  readonly addresses: number;
  readonly ports: number;
  readonly maxTtl: number;
  readonly retries: number;
  readonly packetsPerSecond: number;
}

export interface Traced {
  readonly targets: number;
  readonly packets: number;
  /** From the first probe to the last, and until the end. */
  readonly sendSeconds: number;
  readonly seconds: number;
  /** Quotes by TTL that show the probe as it was sent, and all other rows of routers. */
  readonly unmodified: readonly number[];
  readonly otherQuotes: number;
  /** Targets that answered, at whatever TTL. */
  readonly reached: number;
  readonly kernelDrops: number | null;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

const task = JSON.parse(process.argv[2] ?? "") as TraceTask;
const secret = new Uint8Array(16).fill(0x5a);
const fields = createProbeFields(secret);
const first = 0xc612_0000;
const sourceSpec: TargetSourceSpec = {
  kind: "space",
  ranges: [{ first, last: first + task.addresses - 1 }],
  ports: Array.from({ length: task.ports }, (_, i) => 80 + i),
  permutationKey: secret,
};
const source = openTargetSource(sourceSpec);
const unmodified = new Array<number>(64).fill(0);
const reached = new Set<number>();
let otherQuotes = 0;

const engines = await openEngines(
  [
    {
      family: 4,
      towards: parseAddress("198.18.0.1"),
      addresses: task.addresses,
      create: ({ host, receiver, clock, cap, source4, source6 }) => [
        createTracebox({
          ...{ host, receiver, clock, source4, source6, secret, fields, source, sourceSpec },
          matcher: createReplyMatcher(fields),
          profile: "linux",
          sourceId: "bench",
          from: 0,
          to: source.size,
          variants: ["v1"],
          retries: task.retries,
          replyWindowMs: 1000,
          maxTtl: task.maxTtl,
          caps: [cap],
          skip: [],
          perPrefix: null,
          routerPacketsPerSecond: null,
          everyHop: true,
          allowedUntil: () => Number.POSITIVE_INFINITY,
          emit(row) {
            if (row.table !== "trace_hops") return;
            if (row.kind !== "time-exceeded") reached.add(row.index);
            else if (row.mptcp === "unmodified" && row.changes.length === 0)
              unmodified[row.ttl] = (unmodified[row.ttl] as number) + 1;
            else otherQuotes++;
          },
        }),
      ],
    },
  ],
  {
    ...{
      interface: task.link,
      sourceAddresses: [],
      gatewayMac: null,
      driver: null,
      zeroCopy: false,
      sendingThreads: 1,
    },
    packetsPerSecond: task.packetsPerSecond,
  },
);
const startedMs = performance.now();
let packets = 0;
let lastSentMs = startedMs;
const watch = setInterval(() => {
  const now = engines.progress()[0]?.packets ?? 0;
  if (now > packets) lastSentMs = performance.now();
  packets = now;
}, 20);
await engines.run(new AbortController().signal);
clearInterval(watch);
const usage = usageOf(process.pid);
process.send?.({
  targets: source.size,
  packets: engines.progress()[0]?.packets ?? 0,
  sendSeconds: (lastSentMs - startedMs) / 1000,
  seconds: (performance.now() - startedMs) / 1000,
  unmodified,
  otherQuotes,
  reached: reached.size,
  kernelDrops: engines.stats().kernelDrops,
  cpuSeconds: usage?.cpuSeconds ?? 0,
  peakBytes: usage?.peakBytes ?? 0,
} satisfies Traced);
await engines.close();
process.disconnect();
