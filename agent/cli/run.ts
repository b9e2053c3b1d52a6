import { randomUUID } from "node:crypto";
import pino from "pino";
import type { CommandModule } from "yargs";
import { loadAgentConfig, readToken } from "../config/config.js";
import { createProbeNetwork } from "../lease/probing.js";
import { connectBroker } from "../publish/broker.js";
import { runAgent } from "../run.js";
import { createSystemClock } from "../wire/clock.js";
import { openPacketPort } from "../wire/open-port.js";
import { abortOnInterrupt } from "./interrupt.js";

interface RunArguments {
  config: string;
  logLevel: string;
}

const LEVELS = ["debug", "info", "warn", "error"] as const;

/** `parallax-agent run`: works for a coordinator until Ctrl-C or SIGTERM. Logs JSON lines to stderr. */
export const runCommand: CommandModule<object, RunArguments> = {
  command: "run",
  describe: "Work for a coordinator",
  builder: (args) =>
    args
      .option("config", { type: "string", demandOption: true, describe: "The agent's own file" })
      .option("logLevel", { type: "string", choices: LEVELS, default: "info", describe: "The least that is logged" }),
  handler: async ({ config: file, logLevel }) => {
    const config = loadAgentConfig(file);
    const brokerToken = readToken(config.broker.tokenFile, "broker.tokenFile");
    const clock = createSystemClock();
    await runAgent(
      {
        config,
        coordinatorToken: readToken(config.coordinator.tokenFile, "coordinator.tokenFile"),
        log: pino({ level: logLevel, base: { agent: config.name } }, pino.destination(2)),
        clock,
        random: Math.random,
        uuid: randomUUID,
        openNetwork: async () =>
          createProbeNetwork({
            open: await openPacketPort({ interface: config.interface }),
            packetsPerSecond: config.caps.packetsPerSecond,
            clock,
          }),
        connectBroker: () => connectBroker({ url: config.broker.url, token: brokerToken }, config.name),
      },
      abortOnInterrupt(),
    );
  },
};
