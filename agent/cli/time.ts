import type { CommandModule } from "yargs";
import { formatAddress } from "../../shared/address/address.js";
import type { WebTimingRow } from "../../shared/batch/rows.js";
import { createListSource } from "../../shared/target/list.js";
import { DEFAULT_HTTPS_PORTS } from "../../shared/timing/names.js";
import { createPacer } from "../rate/pacer.js";
import { createRateCap } from "../rate/rate-cap.js";
import { createTiming } from "../timing/engine.js";
import { needMptcpKernel } from "../timing/kernel.js";
import { userAgentOf } from "../timing/user-agent.js";
import { createVisits } from "../timing/visit.js";
import { createSystemClock } from "../wire/clock.js";
import { createLibc } from "../wire/libc.js";
import { type OwnRules, ownRules } from "./allowed.js";
import { abortOnInterrupt } from "./interrupt.js";
import { checkNumber } from "./numbers.js";
import { rowToJson } from "./row-json.js";
import { listTargets } from "./scan/selection.js";
import { parsePorts } from "./targets.js";
import { formatTiming } from "./time-report.js";
import { plainPaint, terminalPaint } from "./trace-report.js";

interface TimeArguments {
  targets: string[];
  port: string;
  https: string;
  runs: number;
  timeout: number;
  "body-limit": number;
  rate: number;
  config: string | undefined;
  json: boolean;
}

/** `parallax-agent time`: fetches pages over MPTCP and TCP without a coordinator. */
export const timeCommand: CommandModule<object, TimeArguments> = {
  command: "time <targets..>",
  describe: "Time web pages over MPTCP and over TCP",
  builder: (args) =>
    args
      .positional("targets", { type: "string", array: true, demandOption: true, describe: "Addresses" })
      .option("port", { type: "string", default: "80", describe: "Ports, separated by commas" })
      .option("https", {
        type: "string",
        default: DEFAULT_HTTPS_PORTS.join(","),
        describe: "Which of the ports speak HTTPS",
      })
      .option("runs", { type: "number", default: 10, describe: "How often the page is fetched over each of both" })
      .option("timeout", { type: "number", default: 20_000, describe: "For each connection, in milliseconds" })
      .option("body-limit", { type: "number", default: 65_536, describe: "Bytes of the body that are read at most" })
      .option("rate", { type: "number", default: 1000, describe: "Packets per second at most, roughly" })
      .option("config", { type: "string", describe: "The agent's own file: what it opens, blocks and caps" })
      .option("json", { type: "boolean", default: false, describe: "Print one JSON row per connection" }),
  handler: (args) => time(args, ownRules(args.config)),
};

async function time(args: TimeArguments, rules: OwnRules): Promise<void> {
  checkNumber("--runs", args.runs, 1, 1000);
  checkNumber("--timeout", args.timeout, 100, 600_000);
  checkNumber("--body-limit", args["body-limit"], 1, 100_000_000);
  checkNumber("--rate", args.rate, 1, 100_000_000);
  const ports = parsePorts("--port", args.port);
  const httpsPorts = parsePorts("--https", args.https);
  const targets = listTargets(args.targets, ports, rules);
  const paint = process.stdout.isTTY ? terminalPaint : plainPaint;
  const rowsOf = new Map<string, WebTimingRow[]>();
  const clock = createSystemClock();
  const always = (): number => Number.POSITIVE_INFINITY;
  const engine = createTiming({
    clock,
    pacer: createPacer({
      limiter: createRateCap({ packetsPerSecond: rules.capped(args.rate), nowMs: clock.monotonicMs }),
      clock,
      allowedUntil: always,
    }),
    visit: createVisits({
      libc: createLibc(),
      clock,
      userAgent: userAgentOf(rules.file.contact),
      source4: null,
      source6: null,
    }),
    source: createListSource(targets),
    sourceId: `timing/${ports.join("+")}`,
    from: 0,
    to: targets.length,
    runs: args.runs,
    timeoutMs: args.timeout,
    bodyLimitBytes: args["body-limit"],
    httpsPorts,
    emit(row) {
      if (args.json) process.stdout.write(`${rowToJson(row)}\n`);
      const name = `${formatAddress(row.target)} port ${row.port}`;
      rowsOf.set(name, [...(rowsOf.get(name) ?? []), row]);
    },
    allowedUntil: always,
    isSkipped: () => false,
    busyHosts: new Set(),
    prepare: () => needMptcpKernel(),
  });
  await engine.run(abortOnInterrupt());
  if (args.json) return;
  const texts = [...rowsOf].map(([name, rows]) => formatTiming(name, rows, paint).join("\n"));
  process.stdout.write(`${texts.join("\n\n")}\n`);
}
