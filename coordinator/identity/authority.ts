import { createHash, X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../shared/errors.js";
import {
  createKeyPair,
  derOf,
  importPrivateKey,
  type PublicKey,
  privateKeyPem,
  type Subject,
  signCertificate,
} from "../../shared/identity/x509.js";
import { writeSecretFile } from "./files.js";

const DAY_MS = 86_400_000;
const AUTHORITY_LIFETIME_MS = 3_650 * DAY_MS;
/** A new one is made at each start. */
const SERVER_LIFETIME_MS = 825 * DAY_MS;
/**
 * The authority and its servers are valid from so long before they were made: a machine whose clock is a day behind gets
 * as far as being told so.
 */
const SERVER_BACKDATING_MS = 2 * DAY_MS;
/** Clocks that differ by less than this work together. */
export const CLOCK_TOLERANCE_MS = 300_000;

const AUTHORITY: Subject = { unit: "authority", name: "parallax" };

/** Who a client certificate is for. */
export type ClientKind = "agent" | "operator" | "coordinator";

/** A private key and its certificate, PEM. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly certificate: string;
}

/** The coordinator's certification authority. */
export interface Authority {
  /** PEM. */
  readonly certificate: string;
  /** SHA-256 of the certificate in DER, hexadecimal. */
  readonly fingerprint: string;
  /** A key and certificate for this coordinator, by the names and addresses that its agents use. */
  issueServer(names: readonly string[]): Promise<KeyAndCertificate>;
  /** A key and certificate for this process as a client of its own broker. */
  issueOwn(): Promise<KeyAndCertificate>;
  /** PEM; valid until `untilMs` (Unix milliseconds). */
  issueClient(kind: ClientKind, name: string, key: PublicKey, untilMs: number): Promise<string>;
}

/** True when there is one in the data folder. */
function hasAuthority(data: string): boolean {
  return existsSync(certificateFile(data));
}

/** Makes the authority of a data folder. @throws UserError when there is one: agents would not know the new one. */
export async function initAuthority(data: string, nowMs: number): Promise<void> {
  if (hasAuthority(data)) {
    throw new UserError(`${certificateFile(data)} is there already`, {
      remedy: "remove the folder to begin anew; every agent must be enrolled again then",
    });
  }
  const keys = await createKeyPair();
  const certificate = await signCertificate(
    {
      subject: AUTHORITY,
      use: "authority",
      fromMs: nowMs - SERVER_BACKDATING_MS,
      untilMs: nowMs + AUTHORITY_LIFETIME_MS,
    },
    keys.publicKey,
    { subject: AUTHORITY, key: keys.privateKey },
  );
  writeSecretFile(keyFile(data), await privateKeyPem(keys));
  // Last: where there is a certificate there is a key.
  writeSecretFile(certificateFile(data), certificate);
}

/** Opens the authority of a data folder, and makes it when there is none. */
export async function openAuthority(data: string, nowMs: () => number): Promise<Authority> {
  if (!hasAuthority(data)) await initAuthority(data, nowMs());
  const certificate = readFileSync(certificateFile(data), "utf8");
  const key = await importPrivateKey(readFileSync(keyFile(data), "utf8"));
  const issuer = { subject: AUTHORITY, key };
  const lastMs = new X509Certificate(certificate).validTo;
  const notAfter = (untilMs: number) => Math.min(untilMs, Date.parse(lastMs));
  const issueClient: Authority["issueClient"] = (kind, name, publicKey, untilMs) =>
    signCertificate(
      {
        subject: { unit: kind, name },
        use: "client",
        fromMs: nowMs() - CLOCK_TOLERANCE_MS,
        untilMs: notAfter(untilMs),
      },
      publicKey,
      issuer,
    );
  return {
    certificate,
    fingerprint: createHash("sha256").update(derOf(certificate)).digest("hex"),
    async issueServer(names) {
      const keys = await createKeyPair();
      const fromMs = nowMs() - SERVER_BACKDATING_MS;
      const untilMs = notAfter(nowMs() + SERVER_LIFETIME_MS);
      const subject = { unit: "coordinator", name: "parallax" };
      return {
        key: await privateKeyPem(keys),
        certificate: await signCertificate({ subject, use: "server", fromMs, untilMs, names }, keys.publicKey, issuer),
      };
    },
    async issueOwn() {
      const keys = await createKeyPair();
      const untilMs = nowMs() + SERVER_LIFETIME_MS;
      return {
        key: await privateKeyPem(keys),
        certificate: await issueClient("coordinator", "parallax", keys.publicKey, untilMs),
      };
    },
    issueClient,
  };
}

export function certificateFile(data: string): string {
  return join(data, "identity", "ca.crt");
}

function keyFile(data: string): string {
  return join(data, "identity", "ca.key");
}
