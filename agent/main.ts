#!/usr/bin/env node
import { setFlagsFromString } from "node:v8";
import { hideBin } from "yargs/helpers";
import { runProgram } from "../shared/cli/program.js";
import { AGENT_PROGRAM } from "./cli/program.js";

// What an agent makes for a packet dies at once, so the space for young objects need not grow: 30 MB less.
setFlagsFromString("--semi-space-growth-factor=1");
// A reader that went away (`| head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
process.exitCode = await runProgram(AGENT_PROGRAM, hideBin(process.argv), (text) => process.stderr.write(text));
