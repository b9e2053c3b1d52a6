import pino from "pino";
import type { Argv, CommandModule } from "yargs";
import { UserError } from "../../shared/errors.js";
import type { CommonArguments } from "../cli/common.js";
import { summary } from "../cli/up.js";

interface DemoArguments extends CommonArguments {
  exit: boolean;
  kill: string | undefined;
  simulator: boolean | undefined;
  logLevel: string;
}

/** `parallax demo`: the whole system on real packets, in a lab of its own; or in the simulator, where there can be none. */
export const demoCommand: CommandModule<CommonArguments, DemoArguments> = {
  command: "demo",
  describe: "Scan a lab of network namespaces and compare the vantage points",
  builder: (args: Argv<CommonArguments>) =>
    args
      .option("exit", { type: "boolean", default: false, describe: "End by itself; exit code 0 only if all was found" })
      .option("kill", { type: "string", describe: "Kill this agent (fra-80, say) in the middle of the sweep" })
      .option("simulator", {
        type: "boolean",
        describe: "Simulate the lab, or with --no-simulator never (default: where this machine lets us build none)",
      })
      .option("logLevel", { type: "string", choices: ["debug", "info", "warn", "error"], default: "error" }),
  handler: async ({ exit, kill, simulator, json, logLevel }) => {
    const { runDemo } = await import("./demo.js");
    const interrupt = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupt.abort());
    const log = pino({ level: logLevel, base: null }, pino.destination(2));
    const out = json ? process.stderr : process.stdout;
    const lab = simulator === undefined ? "whatever" : simulator ? "simulated" : "real";
    let wrong: readonly string[] = [];
    try {
      await runDemo({ kill: kill ?? null, lab, out, log, signal: interrupt.signal }, async (result) => {
        wrong = result.differences;
        const { simulated } = result;
        if (json)
          process.stdout.write(`${JSON.stringify({ ok: wrong.length === 0, simulated, differences: wrong })}\n`);
        for (const line of wrong) out.write(`  differs: ${line}\n`);
        const built = simulated ? "the simulated lab was written" : "the lab was built";
        if (wrong.length === 0) out.write(`Every verdict and every interval is as ${built}.\n`);
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
