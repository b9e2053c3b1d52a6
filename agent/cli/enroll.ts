import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { resolve } from "node:path";
import type { CommandModule } from "yargs";
import { errorCode, UserError } from "../../shared/errors.js";
import { parseToken } from "../../shared/identity/token.js";
import { isName } from "../../shared/lease/protocol.js";
import { DEFAULT_IDENTITY_FOLDER, writeIdentity } from "../identity/identity.js";

interface EnrollArguments {
  token: string | undefined;
  tokenFile: string | undefined;
  identity: string;
  name: string | undefined;
  vantage: string | undefined;
  address: string | undefined;
  json: boolean;
}

/** `parallax-agent enroll`: makes this machine's keys and gets certificates for them from the coordinator. */
export const enrollCommand: CommandModule<object, EnrollArguments> = {
  command: "enroll",
  describe: "Make this machine an agent of a coordinator",
  builder: (args) =>
    args
      .option("token", { type: "string", describe: "What `parallax enroll create` printed; others can see it in ps" })
      .option("tokenFile", { type: "string", describe: "A file with the token; - reads it from stdin" })
      .option("identity", {
        type: "string",
        default: DEFAULT_IDENTITY_FOLDER,
        describe: "Folder for keys and certificates",
      })
      .option("name", { type: "string", describe: "Agent's name (default: the token's, else this host's)" })
      .option("vantage", { type: "string", describe: "Vantage point (default: the token's)" })
      .option("address", { type: "string", describe: "host:port to enrol at, where the token's leads not there" })
      .option("json", { type: "boolean", default: false, describe: "Print one JSON document instead of lines" })
      .conflicts("token", "tokenFile"),
  handler: async ({ identity: folder, json, ...args }) => {
    const token = parseToken(tokenText(args));
    if (args.address !== undefined && !/^\S+:\d{1,5}$/.test(args.address)) {
      throw new UserError(`--address ${args.address} is no address`, { remedy: "write it as host:port", exitCode: 2 });
    }
    const { enroll } = await import("../session/enrol.js");
    const identity = await enroll({
      token,
      address: args.address ?? null,
      name: args.name ?? null,
      vantage: args.vantage ?? null,
      hostname: hostNameOf(hostname()),
      nowMs: Date.now,
    });
    writeIdentity(folder, identity);
    const { name, vantage, sessionAddress, brokerUrl, expiresMs } = identity;
    const until = new Date(expiresMs).toISOString();
    process.stdout.write(
      json
        ? `${JSON.stringify({ name, vantage, sessionAddress, brokerUrl, until, folder: resolve(folder) })}\n`
        : `enrolled as agent ${name} at vantage point ${vantage}; its certificate holds until ${until} and renews itself\n`,
    );
  },
};

function tokenText({ token, tokenFile }: Pick<EnrollArguments, "token" | "tokenFile">): string {
  if (token !== undefined) return token;
  if (tokenFile === undefined) {
    throw new UserError("no token is given", { remedy: "give it with --token-file FILE (- for stdin)", exitCode: 2 });
  }
  try {
    return readFileSync(tokenFile === "-" ? 0 : tokenFile, "utf8");
  } catch (cause) {
    throw new UserError(`the token file ${tokenFile} cannot be read (${errorCode(cause)})`, {
      remedy: "name an existing file with --token-file",
      exitCode: 2,
      cause,
    });
  }
}

/** The first label of a host's name, where it can be an agent's. */
function hostNameOf(host: string): string | null {
  const label = host.split(".")[0] ?? "";
  return isName(label) ? label : null;
}
