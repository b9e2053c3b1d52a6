import { createHash, X509Certificate } from "node:crypto";

/** Whom a client certificate of the authority is for, as its connection proved it. */
export interface Holder {
  /** `agent`, `operator` or `coordinator`: the certificate's OU. */
  readonly kind: string;
  /** Its CN. */
  readonly name: string;
  /** SHA-256 of the public key's DER form, base64url. */
  readonly keyHash: string;
}

/** Reads a certificate in DER that a TLS handshake has verified. */
export function holderOf(certificate: Buffer): Holder {
  const { publicKey, subject } = new X509Certificate(certificate);
  const field = (key: string) =>
    subject
      .split("\n")
      .find((line) => line.startsWith(`${key}=`))
      ?.slice(key.length + 1);
  const der = publicKey.export({ type: "spki", format: "der" });
  return {
    kind: field("OU") ?? "",
    name: field("CN") ?? "",
    keyHash: createHash("sha256").update(der).digest("base64url"),
  };
}
