import type { Argv } from "yargs";
import type { Program } from "../../shared/cli/program.js";
import type { ServiceEnvironment } from "../service/systemd.js";
import { decodeCommand } from "./decode.js";
import { doctorCommand } from "./doctor.js";
import { enrollCommand } from "./enroll.js";
import { ledgerCommand } from "./ledger.js";
import { runCommand } from "./run.js";
import { scanCommand } from "./scan.js";
import { timeCommand } from "./time.js";
import { traceCommand } from "./trace.js";
import { verifyCommand } from "./verify.js";

/** `parallax-agent` and its commands. `environment`: what a service manager says to the process. */
export const agentProgram = (environment: ServiceEnvironment): Program<object> => ({
  name: "parallax-agent",
  commands: (parser: Argv<object>) =>
    parser
      .command(runCommand(environment))
      .command(enrollCommand)
      .command(scanCommand)
      .command(traceCommand)
      .command(verifyCommand)
      .command(timeCommand)
      .command(decodeCommand)
      .command(ledgerCommand)
      .command(doctorCommand),
});
