import "reflect-metadata";
import { webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** Every key is on this curve: NIST P-256 with SHA-256. */
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const SERIAL_BYTES = 16;

export type KeyPair = webcrypto.CryptoKeyPair;
export type PublicKey = webcrypto.CryptoKey;

/** A certificate before it is signed. Times are Unix milliseconds. */
export interface CertificatePlan {
  readonly subject: Subject;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly use: "authority" | "server" | "client";
  /** Host names and IP addresses of a server. */
  readonly names?: readonly string[];
}

/** What a certificate names: a word of RFC 5280 each, `OU` and `CN`. */
export interface Subject {
  readonly unit: string;
  readonly name: string;
}

export function createKeyPair(): Promise<KeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

/** PKCS#8, PEM. */
export async function privateKeyPem({ privateKey }: KeyPair): Promise<string> {
  return pem("PRIVATE KEY", Buffer.from(await webcrypto.subtle.exportKey("pkcs8", privateKey)));
}

export async function importPrivateKey(text: string): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey("pkcs8", derOf(text), ALGORITHM, true, ["sign"]);
}

/** The DER bytes in a PEM text. */
export function derOf(text: string): Buffer {
  return Buffer.from(text.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

/**
 * Signs a certificate. `publicKey` is whom it is for, `issuer` who signs.
 * @returns PEM
 */
export async function signCertificate(
  plan: CertificatePlan,
  publicKey: PublicKey,
  issuer: { readonly subject: Subject; readonly key: webcrypto.CryptoKey },
): Promise<string> {
  const serial = Buffer.from(webcrypto.getRandomValues(new Uint8Array(SERIAL_BYTES)));
  // A serial number is positive (RFC 5280 section 4.1.2.2).
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serial.toString("hex"),
    subject: subjectText(plan.subject),
    issuer: subjectText(issuer.subject),
    notBefore: new Date(plan.fromMs),
    notAfter: new Date(plan.untilMs),
    publicKey,
    signingKey: issuer.key,
    signingAlgorithm: ALGORITHM,
    extensions: [...extensionsOf(plan), await SubjectKeyIdentifierExtension.create(publicKey)],
  });
  return `${certificate.toString("pem")}\n`;
}

function extensionsOf({ use, names = [] }: CertificatePlan) {
  switch (use) {
    case "authority":
      return [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ];
    case "server":
      return [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension(names.map((value) => ({ type: isAddress(value) ? "ip" : "dns", value }))),
      ];
    case "client":
      return [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
      ];
  }
}

function isAddress(name: string): boolean {
  return /^[\d.]+$/.test(name) || name.includes(":");
}

/** Units and names are letters, digits, - and _: nothing in them needs quoting. */
function subjectText({ unit, name }: Subject): string {
  return `OU=${unit}, CN=${name}`;
}

/** A certificate request, signed with the key that it is for (PKCS#10, RFC 2986), in DER. */
export async function createRequest(keys: KeyPair, subject: Subject): Promise<Buffer> {
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: subjectText(subject),
    keys,
    signingAlgorithm: ALGORITHM,
  });
  return Buffer.from(request.rawData);
}

/** The public key of a request whose signature is right, or null. Never throws. */
export async function requestedKey(der: Uint8Array): Promise<PublicKey | null> {
  try {
    const request = new Pkcs10CertificateRequest(Uint8Array.from(der));
    if (!(await request.verify())) return null;
    return await request.publicKey.export(ALGORITHM, ["verify"]);
  } catch {
    // Whatever the decoders of ASN.1 say of remote bytes, it is no request of ours.
    return null;
  }
}

/** SHA-256 of a public key's DER form, as base64url: what a certificate's holder is known by. */
export async function publicKeyHash(key: PublicKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey("spki", key);
  return Buffer.from(await webcrypto.subtle.digest("SHA-256", der)).toString("base64url");
}

/** A key pair from its private half, PKCS#8 in PEM. */
export async function importKeyPair(text: string): Promise<KeyPair> {
  const privateKey = await importPrivateKey(text);
  const { kty, crv, x, y } = await webcrypto.subtle.exportKey("jwk", privateKey);
  const point = { ...(kty && { kty }), ...(crv && { crv }), ...(x && { x }), ...(y && { y }) };
  return { privateKey, publicKey: await webcrypto.subtle.importKey("jwk", point, ALGORITHM, true, ["verify"]) };
}
