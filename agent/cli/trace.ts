import { randomBytes } from "node:crypto";
import type { CommandModule } from "yargs";
import { addressFamily } from "../../shared/address/address.js";
import type { FactRow, TraceHopRow } from "../../shared/batch/rows.js";
import { createProbeFields } from "../../shared/probe/fields.js";
import { createReplyMatcher } from "../../shared/probe/match.js";
import { VARIANTS, type Variant } from "../../shared/probe/variant.js";
import { createListSource } from "../../shared/target/list.js";
import type { Target } from "../../shared/target/source.js";
import { createTracebox } from "../tracebox/engine.js";
import type { EngineProgress } from "../wire/engine.js";
import { type OwnRules, ownRules } from "./allowed.js";
import { abortOnInterrupt } from "./interrupt.js";
import { checkNumber } from "./numbers.js";
import { rowToJson } from "./row-json.js";
import { type Job, runEngines } from "./run-engines.js";
import { listAddresses, parseChoices, parsePorts, parseTargets } from "./targets.js";
import { formatTrace, plainPaint, terminalPaint } from "./trace-report.js";

interface TraceArguments {
  targets: string[];
  port: string;
  variant: string;
  rate: number;
  retries: number;
  window: number;
  "max-ttl": number;
  interface: string | undefined;
  config: string | undefined;
  json: boolean;
}

/** `parallax-agent trace`: tracebox without a coordinator, a line per hop or, with --json, a row per hop. */
export const traceCommand: CommandModule<object, TraceArguments> = {
  command: "trace <targets..>",
  describe: "Find where on the path to a host a SYN is changed",
  builder: (args) =>
    args
      .positional("targets", { type: "string", array: true, demandOption: true, describe: "Addresses" })
      .option("port", { type: "string", default: "80", describe: "Ports, separated by commas" })
      .option("variant", { type: "string", default: "v1,plain", describe: "Probes, separated by commas" })
      .option("rate", { type: "number", default: 1000, describe: "Packets per second at most" })
      .option("retries", { type: "number", default: 2, describe: "How often a silent hop is asked again" })
      .option("window", { type: "number", default: 1000, describe: "How long to wait for replies, in milliseconds" })
      .option("max-ttl", { type: "number", default: 30, describe: "Highest TTL to try" })
      .option("interface", { type: "string", describe: "Network interface (default: that of the route)" })
      .option("config", { type: "string", describe: "The agent's own file: what it opens, blocks and caps" })
      .option("json", { type: "boolean", default: false, describe: "Print one JSON row per answer" }),
  handler: (args) => trace(args, ownRules(args.config)),
};

async function trace(args: TraceArguments, rules: OwnRules): Promise<void> {
  checkNumber("--rate", args.rate, 1, 100_000_000);
  checkNumber("--retries", args.retries, 0, 20);
  checkNumber("--window", args.window, 1, 60_000);
  checkNumber("--max-ttl", args["max-ttl"], 1, 63);
  const ports = parsePorts(args.port);
  const variants = parseChoices("--variant", args.variant, VARIANTS);
  const targets = listAddresses(parseTargets(args.targets)).flatMap((address) =>
    ports.map((port) => ({ address, port })),
  );
  rules.check({ ports, ranges: [], listed: targets });

  const lists = ([4, 6] as const)
    .map((family) => ({ family, targets: targets.filter(({ address }) => addressFamily(address) === family) }))
    .filter((list) => list.targets.length > 0);
  const prints = lists.map((list) => createPrint(list.targets, variants, args.json));
  const fields = createProbeFields(randomBytes(16));
  const matcher = createReplyMatcher(fields);
  const jobs = lists.map((list, i): Job => {
    return {
      family: list.family,
      addresses: list.targets.length / ports.length,
      towards: list.targets[0]?.address ?? new Uint8Array(16),
      create: (parts) =>
        createTracebox({
          ...parts,
          fields,
          matcher,
          profile: "linux",
          source: createListSource(list.targets),
          sourceId: `tracebox/v${list.family}/${ports.join("+")}`,
          from: 0,
          to: list.targets.length,
          variants,
          maxTtl: args["max-ttl"],
          retries: args.retries,
          replyWindowMs: args.window,
          emit: (row) => prints[i]?.row(row),
          isBlocked: () => false,
        }),
    };
  });
  const through = args.interface ?? rules.interface;
  await runEngines(jobs, {
    ...(through === null ? {} : { interface: through }),
    packetsPerSecond: Math.min(args.rate, rules.packetsPerSecond ?? Number.POSITIVE_INFINITY),
    signal: abortOnInterrupt(),
    tickMs: 100,
    onTick: (progress: readonly EngineProgress[]) => {
      for (const [i, { done }] of progress.entries()) prints[i]?.done(done);
    },
  });
}

/** Prints rows as they come, or each target's traces when they are over. */
function createPrint(targets: readonly Target[], variants: readonly Variant[], json: boolean) {
  const paint = process.stdout.isTTY ? terminalPaint : plainPaint;
  const rows = new Map<number, TraceHopRow[]>();
  let printed = 0;
  return {
    row(row: FactRow): void {
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
