#!/usr/bin/env node
import { setFlagsFromString } from "node:v8";

// What an agent makes for a packet dies at once, so the space for young objects need not grow. It holds for what is
// loaded afterwards.
setFlagsFromString("--semi-space-growth-factor=1");
const [{ hideBin }, { runProgram }, { agentProgram }] = await Promise.all([
  import("yargs/helpers"),
  import("../shared/cli/program.js"),
  import("./cli/program.js"),
]);
// A reader that went away (`| head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
process.exitCode = await runProgram(agentProgram(process.env), hideBin(process.argv), (text) =>
  process.stderr.write(text),
);
