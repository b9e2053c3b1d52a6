import type { CommandModule } from "yargs";
import { certificateFile, initAuthority, openAuthority } from "../identity/authority.js";
import type { CommonArguments } from "./common.js";

const initCommand: CommandModule<CommonArguments, CommonArguments> = {
  command: "init",
  describe: "Make the CA that signs for this coordinator and its agents",
  handler: async ({ data, json }) => {
    await initAuthority(data, Date.now());
    const { fingerprint } = await openAuthority(data, Date.now);
    const certificate = certificateFile(data);
    process.stdout.write(
      json ? `${JSON.stringify({ certificate, fingerprint })}\n` : `${certificate}\nSHA-256 ${fingerprint}\n`,
    );
  },
};

/** `parallax ca`; `parallax up` makes one by itself when there is none. */
export const caCommand: CommandModule<CommonArguments, CommonArguments> = {
  command: "ca <command>",
  describe: "The coordinator's certification authority: init",
  builder: (args) => args.command(initCommand).demandCommand(1),
  handler: () => undefined,
};
