import type { CommandModule } from "yargs";
import { listFields } from "../../shared/zmap/fields.js";
import { type OwnRules, ownRules } from "./allowed.js";
import { type BegunScan, beginScan } from "./scan/begin.js";
import { showDryRun } from "./scan/dry-run.js";
import { type ScanArguments, scanOptions } from "./scan/options.js";
import { type ScanRequest, scanRequest } from "./scan/request.js";
import { runScan } from "./scan/run.js";

/** `parallax-agent scan`: SYN probes without a coordinator; a row per reply, a status line a second on stderr. */
export const scanCommand: CommandModule<object, ScanArguments> = {
  command: "scan [targets..]",
  describe: "Send MPTCP SYNs to addresses and prefixes and print each reply",
  builder: scanOptions,
  async handler(args) {
    if (args["list-output-fields"]) {
      process.stdout.write(listFields());
      return;
    }
    const request = scanRequest(args);
    const rules = ownRules(args.config);
    if (args["dry-run"]) await showDryRun(request, rules, args.json);
    else await scan(request, rules, await beginScan(request, rules, Date.now()));
  },
};

async function scan(request: ScanRequest, rules: OwnRules, begun: BegunScan): Promise<void> {
  const { plan, tasks, checkpoint } = begun;
  const { resumeFile } = request;
  const over = tasks.reduce((sum, { from, start }) => sum + start - from, 0);
  if (over === plan.targets) {
    say(`every target of ${resumeFile} is over, nothing is left to be sent`);
    return;
  }
  if (checkpoint !== null) say(`${over} of ${plan.targets} targets are over, going on behind them`);
  const { targetsDone } = (await runScan(request, rules, begun)).counts();
  if (resumeFile !== null && targetsDone < plan.targets) {
    say(`${targetsDone} of ${plan.targets} targets are over; repeat the command to go on`);
  }
}

function say(line: string): void {
  process.stderr.write(`parallax-agent: ${line}\n`);
}
