import { readFile, writeFile } from "node:fs/promises";
import type { CommandModule } from "yargs";
import { columns } from "../../shared/cli/table.js";
import { errorCode, UserError } from "../../shared/errors.js";
import { type CertificateReport, verifyCertificate } from "../certificate/verify.js";
import { createClient } from "./client.js";
import type { CommonArguments } from "./common.js";

interface CertificateArguments extends CommonArguments {
  campaign: string;
  out: string | undefined;
}
interface VerifyArguments extends CommonArguments {
  file: string;
  fingerprint: string | undefined;
}

export const certificateCommand: CommandModule<CommonArguments, CertificateArguments> = {
  command: "certificate <campaign>",
  describe: "What of a campaign was asked and what was not, signed",
  builder: (args) =>
    args
      .positional("campaign", { type: "string", demandOption: true, describe: "Campaign's name" })
      .option("out", { type: "string", describe: "File to write; standard output unless given" }),
  handler: async ({ json, campaign, out, ...to }) => {
    const certificate = await createClient(to).call(`/v1/campaigns/${encodeURIComponent(campaign)}/certificate`);
    const text = `${JSON.stringify(certificate, null, 1)}\n`;
    if (out === undefined) {
      process.stdout.write(text);
      return;
    }
    await writeFile(out, text).catch((cause: unknown) => {
      throw new UserError(`${out} cannot be written (${errorCode(cause)})`, { remedy: "name another file", cause });
    });
    const report = verifyCertificate(text);
    process.stdout.write(json ? `${JSON.stringify(report)}\n` : `${out}\n${reportText(report)}\n`);
  },
};

export const verifyCommand: CommandModule<CommonArguments, VerifyArguments> = {
  command: "verify <file>",
  describe: "Check a coverage certificate; needs no coordinator",
  builder: (args) =>
    args
      .positional("file", { type: "string", demandOption: true, describe: "Certificate" })
      .option("fingerprint", { type: "string", describe: "SHA-256 of the key that must have signed it" }),
  handler: async ({ json, file, fingerprint }) => {
    const text = await readFile(file, "utf8").catch((cause: unknown) => {
      throw new UserError(`${file} cannot be read (${errorCode(cause)})`, {
        remedy: "check the path",
        exitCode: 2,
        cause,
      });
    });
    const report = verifyCertificate(text, fingerprint);
    process.stdout.write(`${json ? JSON.stringify(report) : reportText(report)}\n`);
    if (report.problems.length > 0) {
      throw new UserError(`the certificate does not hold: ${report.problems.length} problems`, {
        remedy: "ask whoever gave it to you for the original",
      });
    }
  },
};

function reportText({ campaign, state, fingerprint, sources, problems }: CertificateReport): string {
  const header = ["source", "N", "asked", "skipped", "uncertain", "not asked", "maybe repeated"];
  const rows = sources.map(({ id, size, counts }) =>
    [id, size, counts.asked, counts.skipped, counts.uncertain, counts.notAsked, counts.repeated].map(String),
  );
  return [
    `campaign ${campaign} is ${state}; signed by ${fingerprint}`,
    columns([header, ...rows]),
    ...(problems.length === 0 ? ["the certificate holds"] : problems.map((problem) => `  WRONG: ${problem}`)),
  ].join("\n");
}
