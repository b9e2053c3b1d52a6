#!/usr/bin/env node
import type { Argv } from "yargs";
import { hideBin } from "yargs/helpers";
import { runProgram } from "../shared/cli/program.js";
import { agentsCommand } from "./cli/agents.js";
import { blackholesCommand } from "./cli/blackholes.js";
import { caCommand } from "./cli/ca.js";
import { campaignCommand } from "./cli/campaign.js";
import { canariesCommand } from "./cli/canaries.js";
import type { CommonArguments } from "./cli/common.js";
import { doctorCommand } from "./cli/doctor.js";
import { dossiersCommand } from "./cli/dossiers.js";
import { enrichCommand } from "./cli/enrich.js";
import { enrollCommand } from "./cli/enroll.js";
import { exportCommand } from "./cli/export.js";
import { ingestCommand } from "./cli/ingest.js";
import { migrateCommand } from "./cli/migrate.js";
import { operatorsCommand } from "./cli/operators.js";
import { optOutCommand } from "./cli/optout.js";
import { replayCommand } from "./cli/replay.js";
import { reportCommand } from "./cli/report.js";
import { compareCommand, explainCommand, queryCommand } from "./cli/results.js";
import { seriesCommand } from "./cli/series.js";
import { upCommand } from "./cli/up.js";
import { verifyLedgerCommand } from "./cli/verify-ledger.js";
import { demoCommand } from "./demo/command.js";

// A reader that went away (`| head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
// Debian keeps nats-server, iptables and ethtool where an ordinary user's PATH does not look.
process.env.PATH = `${process.env.PATH ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;
process.exitCode = await runProgram(
  {
    name: "parallax",
    commands: (parser: Argv<CommonArguments>) =>
      parser
        .command(upCommand)
        .command(demoCommand)
        .command(campaignCommand)
        .command(seriesCommand)
        .command(optOutCommand)
        .command(caCommand)
        .command(enrollCommand)
        .command(agentsCommand)
        .command(operatorsCommand)
        .command(canariesCommand)
        .command(compareCommand)
        .command(explainCommand)
        .command(dossiersCommand)
        .command(blackholesCommand)
        .command(reportCommand)
        .command(exportCommand)
        .command(enrichCommand)
        .command(replayCommand)
        .command(ingestCommand)
        .command(migrateCommand)
        .command(verifyLedgerCommand)
        .command(queryCommand)
        .command(doctorCommand),
    globals: {
      data: {
        type: "string",
        default: process.env.PARALLAX_DATA ?? "parallax-data",
        describe: "Folder of the coordinator's data",
      },
      server: {
        type: "string",
        default: process.env.PARALLAX_SERVER || undefined,
        describe: "A coordinator elsewhere: https://HOST:PORT of its --api-address",
      },
      identity: {
        type: "string",
        default: process.env.PARALLAX_IDENTITY || undefined,
        describe: "Folder that `parallax operators add` wrote, for --server",
      },
    },
  },
  hideBin(process.argv),
  (text) => process.stderr.write(text),
);
