import { createKeyPair, privateKeyPem, signCertificate } from "../../../shared/identity/x509.js";

/** A year of which the tests see the ends in rows. */
export const VALID = { from: "2026-01-02T03:04:05Z", to: "2096-02-03T04:05:06Z" } as const;

/** A certificate that nobody vouches for, PEM. */
export async function selfSigned(name: string): Promise<{ key: string; certificate: string }> {
  const keys = await createKeyPair();
  const subject = { unit: "lab", name };
  const [fromMs, untilMs] = [Date.parse(VALID.from), Date.parse(VALID.to)];
  const plan = { subject, fromMs, untilMs, use: "server", names: [name] } as const;
  const certificate = await signCertificate(plan, keys.publicKey, { subject, key: keys.privateKey });
  return { key: await privateKeyPem(keys), certificate };
}
