import type { CommandModule } from "yargs";
import { reportChecks } from "../../shared/cli/check.js";
import { loadAgentConfig } from "../config/config.js";
import { machineChecks, networkChecks } from "../doctor/machine.js";
import { createIpCommand } from "../wire/ip-command.js";

interface DoctorArguments {
  config: string | undefined;
  json: boolean;
}

/** `parallax-agent doctor`: a line per thing that an agent needs, with what to do where it is missing. */
export const doctorCommand: CommandModule<object, DoctorArguments> = {
  command: "doctor",
  describe: "Check that this machine can run an agent",
  builder: (args) =>
    args
      .option("config", { type: "string", describe: "The agent's own file; without it only the machine is checked" })
      .option("json", { type: "boolean", default: false, describe: "Print one JSON document instead of lines" }),
  handler: async ({ config: file, json }) => {
    const config = file === undefined ? null : loadAgentConfig(file);
    // As for `run`: what talks to the coordinator and the broker is loaded where it is needed.
    const { serviceChecks } = await import("../doctor/services.js");
    const checks = [
      ...machineChecks(process.versions.node),
      ...networkChecks(config?.interface ?? null, createIpCommand()),
      ...(config === null ? [] : serviceChecks(config)),
    ];
    await reportChecks(checks, { json, write: (text) => process.stdout.write(text) });
  },
};
