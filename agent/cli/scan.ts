import { randomBytes } from "node:crypto";
import type { CommandModule } from "yargs";
import { ipv4FromNumber } from "../../shared/address/address.js";
import { createProbeFields } from "../../shared/probe/fields.js";
import { createReplyMatcher } from "../../shared/probe/match.js";
import { VARIANTS, type Variant } from "../../shared/probe/variant.js";
import { createListSource } from "../../shared/target/list.js";
import type { Target, TargetSource } from "../../shared/target/source.js";
import { createSpaceSource } from "../../shared/target/space.js";
import { createSynScan } from "../synscan/engine.js";
import type { EngineProgress } from "../wire/engine.js";
import { type OwnRules, ownRules } from "./allowed.js";
import { abortOnInterrupt } from "./interrupt.js";
import { checkNumber } from "./numbers.js";
import { rowToJson } from "./row-json.js";
import { type Job, runEngines } from "./run-engines.js";
import { scanSummary } from "./scan-summary.js";
import { type AskedTargets, parseChoices, parsePorts, parseTargets } from "./targets.js";

interface ScanArguments {
  targets: string[];
  port: string;
  variant: string;
  rate: number;
  retries: number;
  window: number;
  interface: string | undefined;
  config: string | undefined;
}

/** `parallax-agent scan`: SYN probes without a coordinator; one JSON row per reply, a summary a second on stderr. */
export const scanCommand: CommandModule<object, ScanArguments> = {
  command: "scan <targets..>",
  describe: "Send MPTCP SYNs to addresses and prefixes and print each reply as a line of JSON",
  builder: (args) =>
    args
      .positional("targets", { type: "string", array: true, demandOption: true, describe: "Addresses and prefixes" })
      .option("port", { type: "string", default: "80", describe: "Ports, separated by commas" })
      .option("variant", { type: "string", default: VARIANTS.join(","), describe: "Probes, separated by commas" })
      .option("rate", { type: "number", default: 1000, describe: "Packets per second at most" })
      .option("retries", { type: "number", default: 1, describe: "How often a silent probe is sent again" })
      .option("window", { type: "number", default: 2000, describe: "How long to wait for replies, in milliseconds" })
      .option("interface", { type: "string", describe: "Network interface (default: that of the route)" })
      .option("config", { type: "string", describe: "The agent's own file: what it opens, blocks and caps" }),
  handler: (args) => scan(args, ownRules(args.config)),
};

async function scan(args: ScanArguments, rules: OwnRules): Promise<void> {
  checkNumber("--rate", args.rate, 1, 100_000_000);
  checkNumber("--retries", args.retries, 0, 20);
  checkNumber("--window", args.window, 1, 60_000);
  const ports = parsePorts(args.port);
  const variants = parseChoices("--variant", args.variant, VARIANTS);
  const asked = parseTargets(args.targets);
  const listed = asked.ipv6.flatMap((address) => ports.map((port) => ({ address, port })));
  rules.check({ ports, ranges: asked.ipv4.ranges, listed });

  const jobs = scanJobs(asked, ports, listed, { args, variants });
  const total = jobs.reduce((sum, { size }) => sum + size, 0);
  const startedMs = performance.now();
  const show = (progress: readonly EngineProgress[]): void => {
    process.stderr.write(`${scanSummary(progress, total, (performance.now() - startedMs) / 1000)}\n`);
  };
  const through = args.interface ?? rules.interface;
  await runEngines(
    jobs.map(({ job }) => job),
    {
      ...(through === null ? {} : { interface: through }),
      packetsPerSecond: Math.min(args.rate, rules.packetsPerSecond ?? Number.POSITIVE_INFINITY),
      signal: abortOnInterrupt(),
      tickMs: 1000,
      onTick: show,
    },
  );
}

/** A job per family: IPv4 targets in permuted order, IPv6 targets as they were listed. */
function scanJobs(
  asked: AskedTargets,
  ports: readonly number[],
  listed: readonly Target[],
  { args, variants }: { args: ScanArguments; variants: readonly Variant[] },
): { job: Job; size: number }[] {
  const fields = createProbeFields(randomBytes(16));
  const matcher = createReplyMatcher(fields);
  const jobOf = (family: 4 | 6, towards: Uint8Array, source: TargetSource): { job: Job; size: number } => ({
    size: source.size,
    job: {
      family,
      towards,
      addresses: source.size / ports.length,
      create: (parts) =>
        createSynScan({
          ...parts,
          fields,
          matcher,
          profile: "linux",
          source,
          sourceId: `synscan/v${family}/${ports.join("+")}`,
          from: 0,
          to: source.size,
          variants,
          retries: args.retries,
          replyWindowMs: args.window,
          emit: (row) => process.stdout.write(`${rowToJson(row)}\n`),
          isBlocked: () => false,
        }),
    },
  });
  const jobs: { job: Job; size: number }[] = [];
  if (asked.ipv4.size > 0) {
    const { ranges } = asked.ipv4;
    const first = ipv4FromNumber(asked.ipv4.addressAtRank(0));
    jobs.push(jobOf(4, first, createSpaceSource({ ranges, ports, permutationKey: randomBytes(16) })));
  }
  const [first6] = asked.ipv6;
  if (first6 !== undefined) jobs.push(jobOf(6, first6, createListSource(listed)));
  return jobs;
}
