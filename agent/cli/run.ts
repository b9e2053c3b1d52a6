import type { CommandModule } from "yargs";
import type { ServiceEnvironment } from "../service/systemd.js";

interface RunArguments {
  config: string;
  logLevel: string;
  reference: string | undefined;
  metricsAddress: string | undefined;
}

const LEVELS = ["debug", "info", "warn", "error"] as const;

/** `parallax-agent run`: works for a coordinator until Ctrl-C or SIGTERM. Logs JSON lines to stderr. */
export const runCommand = (environment: ServiceEnvironment): CommandModule<object, RunArguments> => ({
  command: "run",
  describe: "Work for a coordinator",
  builder: (args) =>
    args
      .option("config", { type: "string", demandOption: true, describe: "The agent's own file" })
      .option("reference", {
        type: "string",
        describe: "Another agent that tells how this one's SYNs arrive there (default: that of the file)",
      })
      .option("metricsAddress", {
        type: "string",
        describe: "HOST:PORT where Prometheus reads metrics, such as 127.0.0.1:9465 (default: nowhere)",
      })
      .option("logLevel", { type: "string", choices: LEVELS, default: "info", describe: "The least that is logged" }),
  handler: async ({ config, logLevel, reference, metricsAddress }) => {
    // The libraries of gRPC and NATS take 8 MB that no other command needs.
    const { runAgentOf } = await import("./run-agent.js");
    await runAgentOf(
      { file: config, logLevel, reference: reference ?? null, metricsAddress: metricsAddress ?? null },
      environment,
    );
  },
});
