import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FILE = "certificate.key";

/** The Ed25519 key (RFC 8032) that a coordinator signs its certificates with: a file of its data folder, mode 0600. */
export function openCertificateKey(folder: string): KeyObject {
  const file = join(folder, FILE);
  if (!existsSync(file)) {
    const { privateKey } = generateKeyPairSync("ed25519");
    writeFileSync(file, privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
  }
  return createPrivateKey(readFileSync(file));
}

export function signText(text: string, key: KeyObject) {
  const publicKey = createPublicKey(key).export({ format: "der", type: "spki" });
  return {
    algorithm: "ed25519" as const,
    publicKey: publicKey.toString("base64"),
    value: sign(null, Buffer.from(text), key).toString("base64"),
  };
}

/** False for a key that is none, too. */
export function isSigned(text: string, signature: { readonly publicKey: string; readonly value: string }): boolean {
  try {
    const der = Buffer.from(signature.publicKey, "base64");
    const key = createPublicKey({ key: der, format: "der", type: "spki" });
    return (
      key.asymmetricKeyType === "ed25519" &&
      verify(null, Buffer.from(text), key, Buffer.from(signature.value, "base64"))
    );
  } catch {
    return false;
  }
}

/** SHA-256 of the public key, hexadecimal: what tells whose certificate it is. */
export function fingerprint(publicKey: string): string {
  return createHash("sha256").update(Buffer.from(publicKey, "base64")).digest("hex");
}
