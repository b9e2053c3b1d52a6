import pino from "pino";
import type { Argv, CommandModule } from "yargs";
import { UserError } from "../../shared/errors.js";
import type { CommonArguments } from "../cli/campaign.js";
import { summary } from "../cli/up.js";

interface DemoArguments extends CommonArguments {
  exit: boolean;
  kill: string | undefined;
  logLevel: string;
}

/** `parallax demo`: the whole system on real packets, in a lab of its own. */
export const demoCommand: CommandModule<CommonArguments, DemoArguments> = {
  command: "demo",
  describe: "Scan a lab of network namespaces and compare the vantage points",
  builder: (args: Argv<CommonArguments>) =>
    args
      .option("exit", { type: "boolean", default: false, describe: "End by itself; exit code 0 only if all was found" })
      .option("kill", { type: "string", describe: "Kill this agent (fra-80, say) in the middle of the sweep" })
      .option("logLevel", { type: "string", choices: ["debug", "info", "warn", "error"], default: "error" }),
  handler: async ({ exit, kill, json, logLevel }) => {
    const { runDemo } = await import("./demo.js");
    const interrupt = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupt.abort());
    const log = pino({ level: logLevel, base: null }, pino.destination(2));
    const out = json ? process.stderr : process.stdout;
    let wrong: readonly string[] = [];
    try {
      await runDemo({ kill: kill ?? null, out, log, signal: interrupt.signal }, async (result) => {
        wrong = result.differences;
        if (json) process.stdout.write(`${JSON.stringify({ ok: wrong.length === 0, differences: wrong })}\n`);
        for (const line of wrong) out.write(`  differs: ${line}\n`);
        if (wrong.length === 0) out.write("Every verdict and every interval is as the lab was built.\n");
        if (exit) return;
        out.write(`\n${summary(result.parallax)}`);
        await aborted(interrupt.signal);
      });
    } catch (error) {
      if (!interrupt.signal.aborted) throw error;
    }
    if (exit && interrupt.signal.aborted) throw new UserError("the demo was interrupted", { remedy: "run it again" });
    if (wrong.length > 0) {
      throw new UserError(`${wrong.length} findings differ from the lab's truth`, { remedy: "see the lines above" });
    }
  },
};

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
