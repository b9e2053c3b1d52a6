import { randomBytes } from "node:crypto";
import type { CommandModule } from "yargs";
import { addressFamily, formatAddress } from "../../shared/address/address.js";
import type { EvidenceRow } from "../../shared/batch/rows.js";
import { createProbeFields } from "../../shared/probe/fields.js";
import { createListSource } from "../../shared/target/list.js";
import { createVerify } from "../verify/engine.js";
import { needSilentKernel } from "../verify/kernel-silence.js";
import { type OwnRules, ownRules } from "./allowed.js";
import { abortOnInterrupt } from "./interrupt.js";
import { checkNumber } from "./numbers.js";
import { rowToJson } from "./row-json.js";
import { type Job, openEngines } from "./run-engines.js";
import { listTargets } from "./scan/selection.js";
import { parseChoices, parsePorts } from "./targets.js";
import { plainPaint, terminalPaint } from "./trace-report.js";
import { formatHandshake } from "./verify-report.js";

interface VerifyArguments {
  targets: string[];
  port: string;
  variant: string;
  rate: number;
  retries: number;
  window: number;
  interface: string | undefined;
  config: string | undefined;
  json: boolean;
}

/** `parallax-agent verify`: handshakes without a coordinator, a few lines or, with --json, a row for each. */
export const verifyCommand: CommandModule<object, VerifyArguments> = {
  command: "verify <targets..>",
  describe: "Find out whether a host really speaks MPTCP",
  builder: (args) =>
    args
      .positional("targets", { type: "string", array: true, demandOption: true, describe: "Addresses" })
      .option("port", { type: "string", default: "80", describe: "Ports, separated by commas" })
      .option("variant", { type: "string", default: "v1", describe: "MPTCP versions, separated by commas: v0, v1" })
      .option("rate", { type: "number", default: 1000, describe: "Packets per second at most" })
      .option("retries", { type: "number", default: 2, describe: "How often a SYN without an answer is sent again" })
      .option("window", { type: "number", default: 1000, describe: "How long to wait for an answer, in milliseconds" })
      .option("interface", { type: "string", describe: "Network interface (default: that of the route)" })
      .option("config", { type: "string", describe: "The agent's own file: what it opens, blocks and caps" })
      .option("json", { type: "boolean", default: false, describe: "Print one JSON row per handshake" }),
  handler: (args) => verify(args, ownRules(args.config)),
};

async function verify(args: VerifyArguments, rules: OwnRules): Promise<void> {
  checkNumber("--rate", args.rate, 1, 100_000_000);
  checkNumber("--retries", args.retries, 0, 20);
  checkNumber("--window", args.window, 1, 60_000);
  const ports = parsePorts("--port", args.port);
  const variants = parseChoices("--variant", args.variant, ["v0", "v1"]);
  const targets = listTargets(args.targets, ports, rules);
  const paint = process.stdout.isTTY ? terminalPaint : plainPaint;
  const answered = new Set<string>();
  const print = (row: EvidenceRow): void => {
    if (row.table !== "handshakes") return;
    answered.add(`${formatAddress(row.target)} port ${row.port}`);
    const lines = args.json ? [rowToJson(row)] : [...formatHandshake(row, paint), ""];
    process.stdout.write(`${lines.join("\n")}\n`);
  };

  const secret = randomBytes(16);
  const fields = createProbeFields(secret);
  const busyHosts = new Set<string>();
  const jobs = ([4, 6] as const).flatMap((family): Job[] => {
    const own = targets.filter(({ address }) => addressFamily(address) === family);
    const [first] = own;
    if (first === undefined) return [];
    return [
      {
        family,
        addresses: own.length / ports.length,
        towards: first.address,
        create: (parts) => [
          createVerify({
            ...parts,
            resetPacer: parts.pacer,
            secret,
            fields,
            busyHosts,
            prepare: needSilentKernel,
            source: createListSource(own),
            sourceId: `verify/v${family}/${ports.join("+")}`,
            from: 0,
            to: own.length,
            variants,
            retries: args.retries,
            replyWindowMs: args.window,
            emit: print,
            isSkipped: () => false,
          }),
        ],
      },
    ];
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
  try {
    await engines.run(abortOnInterrupt());
  } finally {
    await engines.close();
  }
  if (args.json) return;
  for (const { address, port } of targets) {
    const name = `${formatAddress(address)} port ${port}`;
    if (!answered.has(name)) process.stdout.write(`${name}: no answer\n`);
  }
}
