import yargs from "yargs";
import { type ScanArguments, scanOptions } from "../../../../agent/cli/scan/options.js";

/** The arguments of `scan` as yargs makes them from a command line. */
export function scanArguments(line: readonly string[]): ScanArguments {
  let found: ScanArguments | null = null;
  yargs(["scan", ...line])
    .command({
      command: "scan [targets..]",
      builder: scanOptions,
      handler: (args) => {
        found = args as unknown as ScanArguments;
      },
    })
    .option("json", { type: "boolean", default: false })
    .strict()
    .exitProcess(false)
    .fail((message: string | null, error: Error | undefined) => {
      throw error ?? new Error(message ?? "");
    })
    .parseSync();
  if (found === null) throw new Error("the command did not run");
  return found;
}
