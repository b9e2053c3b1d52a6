import { X509Certificate } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { errorCode, UserError } from "../../shared/errors.js";
import { isName } from "../../shared/lease/protocol.js";

export const DEFAULT_IDENTITY_FOLDER = "/var/lib/parallax-agent/identity";

const schema = z.object({
  name: z.string().refine(isName),
  vantage: z.string().refine(isName),
  /** PEM: this agent's private key and certificate, and the certificate of the coordinator's authority. */
  key: z.string(),
  certificate: z.string(),
  authority: z.string(),
  /** `host:port` of the sessions, URL of the broker. */
  sessionAddress: z.string(),
  brokerUrl: z.string(),
  /** Seed of the key at the broker, and what the coordinator signed for it. */
  brokerSeed: z.string(),
  brokerJwt: z.string(),
  /** Unix milliseconds: when this was issued, and until when it holds, by this machine's clock. */
  issuedMs: z.number(),
  expiresMs: z.number(),
});

/** What enrolment made of this machine: all that it shows to the coordinator and to the broker. */
export type AgentIdentity = z.infer<typeof schema>;

/** One file, so that it is replaced as a whole: a key never lies beside another's certificate. */
function fileOf(folder: string): string {
  return join(folder, "identity.json");
}

/** @throws UserError with exit code 2 when the folder holds none, or one that cannot be used any more */
export function readIdentity(folder: string): AgentIdentity {
  const file = fileOf(folder);
  const fail = (problem: string, cause?: unknown) =>
    new UserError(`identity: ${file} ${problem}`, {
      remedy: "enrol this machine with `parallax-agent enroll --token TOKEN`, or name the folder where that was done",
      exitCode: 2,
      cause,
    });
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw fail(`cannot be read (${errorCode(cause)})`, cause);
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw fail("is damaged", cause);
  }
}

/** Puts it in place at once and for good, readable by this user alone. @throws UserError */
export function writeIdentity(folder: string, identity: AgentIdentity): void {
  const file = fileOf(folder);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const descriptor = openSync(`${file}.new`, "w", 0o600);
    try {
      writeSync(descriptor, JSON.stringify(identity, null, 2));
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(`${file}.new`, file);
  } catch (cause) {
    throw new UserError(`${file} cannot be written (${errorCode(cause)})`, {
      remedy: "let this user write there, or name another folder with --identity",
      exitCode: 2,
      cause,
    });
  }
}

/** End of a certificate's life in Unix milliseconds. */
export function certificateEndMs(certificate: string): number {
  return Date.parse(new X509Certificate(certificate).validTo);
}

/** @throws UserError when the certificate has expired */
export function requireUnexpired({ name, expiresMs }: AgentIdentity, nowMs: number): void {
  if (nowMs < expiresMs) return;
  throw new UserError(`the certificate of agent ${name} expired at ${new Date(expiresMs).toISOString()}`, {
    remedy: `if this machine's clock is right, enrol it again with a token of \`parallax enroll create --name ${name}\``,
  });
}
