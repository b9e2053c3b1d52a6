import { randomBytes } from "node:crypto";
import type { CommandModule } from "yargs";
import { addressFamily } from "../../shared/address/address.js";
import type { EvidenceRow, TraceHopRow } from "../../shared/batch/rows.js";
import { createProbeFields } from "../../shared/probe/fields.js";
import { createReplyMatcher } from "../../shared/probe/match.js";
import { VARIANTS, type Variant } from "../../shared/probe/variant.js";
import type { Target } from "../../shared/target/source.js";
import { openTargetSource, type TargetSourceSpec } from "../../shared/target/spec.js";
import { createTracebox } from "../tracebox/engine.js";
import { type OwnRules, ownRules } from "./allowed.js";
import { abortOnInterrupt } from "./interrupt.js";
import { checkNumber } from "./numbers.js";
import { rowToJson } from "./row-json.js";
import { type Job, openEngines } from "./run-engines.js";
import { listTargets } from "./scan/selection.js";
import { parseChoices, parsePorts } from "./targets.js";
import { traceCapture } from "./trace-capture.js";
import { formatTrace, type Paint, plainPaint, terminalPaint } from "./trace-report.js";

interface TraceArguments {
  targets: string[];
  port: string | undefined;
  variant: string | undefined;
  rate: number;
  retries: number;
  window: number;
  "max-ttl": number;
  "router-rate": number;
  "every-hop": boolean;
  interface: string | undefined;
  config: string | undefined;
  "from-pcap": string | undefined;
  json: boolean;
}

/**
 * `parallax-agent trace`: tracebox without a coordinator, a line per hop or, with --json, a row per hop; from packets of
 * its own, or from those that a capture holds.
 */
export const traceCommand: CommandModule<object, TraceArguments> = {
  command: "trace [targets..]",
  describe: "Find where on the path to a host a SYN is changed",
  builder: (args) =>
    args
      .positional("targets", { type: "string", array: true, default: [], alias: "target", describe: "Addresses" })
      .option("from-pcap", { type: "string", describe: "Send nothing: report the traces in this capture, of any tool" })
      .option("port", { type: "string", describe: "Ports, separated by commas (default: 80; in a capture all)" })
      .option("variant", {
        type: "string",
        describe: "Probes, separated by commas (default: v1,plain; in a capture all)",
      })
      .option("rate", { type: "number", default: 1000, describe: "Packets per second at most" })
      .option("retries", { type: "number", default: 2, describe: "How often a silent hop is asked again" })
      .option("window", { type: "number", default: 1000, describe: "How long to wait for replies, in milliseconds" })
      .option("max-ttl", { type: "number", default: 30, describe: "Highest TTL to try" })
      .option("router-rate", {
        type: "number",
        default: 500,
        describe: "Probes per second at most that one router gets to answer",
      })
      .option("every-hop", {
        type: "boolean",
        default: false,
        describe: "Ask the first hops for every target, also where all targets share them",
      })
      .option("interface", { type: "string", describe: "Network interface (default: that of the route)" })
      .option("config", { type: "string", describe: "The agent's own file: what it opens, blocks and caps" })
      .option("json", { type: "boolean", default: false, describe: "Print one JSON row per answer" }),
  handler: async (args) => {
    const file = args["from-pcap"];
    if (file === undefined) return trace(args, ownRules(args.config));
    const write = (text: string) => process.stdout.write(text);
    const remark = (text: string) => process.stderr.write(text);
    traceCapture(file, args, { json: args.json, paint: outputPaint(), write, remark });
  },
};

async function trace(args: TraceArguments, rules: OwnRules): Promise<void> {
  checkNumber("--rate", args.rate, 1, 100_000_000);
  checkNumber("--retries", args.retries, 0, 20);
  checkNumber("--window", args.window, 1, 60_000);
  checkNumber("--max-ttl", args["max-ttl"], 1, 63);
  checkNumber("--router-rate", args["router-rate"], 1, 100_000_000);
  const ports = parsePorts("--port", args.port ?? "80");
  const variants = parseChoices("--variant", args.variant ?? "v1,plain", VARIANTS);
  const targets = listTargets(args.targets, ports, rules);

  const lists = ([4, 6] as const)
    .map((family) => ({ family, targets: targets.filter(({ address }) => addressFamily(address) === family) }))
    .filter((list) => list.targets.length > 0);
  const prints = lists.map((list) => createPrint(list.targets, variants, args.json));
  const secret = randomBytes(16);
  const fields = createProbeFields(secret);
  const matcher = createReplyMatcher(fields);
  const jobs = lists.map((list, i): Job => {
    const sourceSpec: TargetSourceSpec = { kind: "list", targets: list.targets, from: 0, size: list.targets.length };
    return {
      family: list.family,
      addresses: list.targets.length / ports.length,
      towards: list.targets[0]?.address ?? new Uint8Array(16),
      create: (parts) => [
        createTracebox({
          ...parts,
          secret,
          fields,
          matcher,
          profile: "linux",
          source: openTargetSource(sourceSpec),
          sourceSpec,
          caps: [parts.cap],
          skip: [],
          perPrefix: null,
          allowedUntil: () => Number.POSITIVE_INFINITY,
          sourceId: `tracebox/v${list.family}/${ports.join("+")}`,
          from: 0,
          to: list.targets.length,
          variants,
          maxTtl: args["max-ttl"],
          retries: args.retries,
          replyWindowMs: args.window,
          routerPacketsPerSecond: args["router-rate"],
          everyHop: args["every-hop"],
          emit: (row) => prints[i]?.row(row),
        }),
      ],
    };
  });
  const engines = await openEngines(jobs, {
    interface: args.interface ?? rules.file.interface,
    sourceAddresses: [],
    gatewayMac: null,
    driver: null,
    zeroCopy: false,
    packetsPerSecond: rules.capped(args.rate),
    sendingThreads: 1,
  });
  const print = (): void => {
    for (const [i, { done }] of engines.progress().entries()) prints[i]?.done(done);
  };
  const timer = setInterval(print, PRINT_EVERY_MS);
  try {
    await engines.run(abortOnInterrupt());
    print();
  } finally {
    clearInterval(timer);
    await engines.close();
  }
}

const PRINT_EVERY_MS = 100;

const outputPaint = (): Paint => (process.stdout.isTTY ? terminalPaint : plainPaint);

/** Prints rows as they come, or each target's traces when they are over. */
function createPrint(targets: readonly Target[], variants: readonly Variant[], json: boolean) {
  const paint = outputPaint();
  const rows = new Map<number, TraceHopRow[]>();
  let printed = 0;
  return {
    row(row: EvidenceRow): void {
      if (json) process.stdout.write(`${rowToJson(row)}\n`);
      else if (row.table === "trace_hops") rows.set(row.index, [...(rows.get(row.index) ?? []), row]);
    },
    done(upTo: number): void {
      for (; printed < upTo && !json; printed++) {
        const target = targets[printed];
        if (target === undefined) continue;
        for (const variant of variants) {
          const hops = (rows.get(printed) ?? []).filter((row) => row.variant === variant);
          const lines = formatTrace({ target: target.address, port: target.port, variant, hops }, paint);
          process.stdout.write(`${lines.join("\n")}\n\n`);
        }
        rows.delete(printed);
      }
    },
  };
}
