import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import type { WebTimingRow } from "../../shared/batch/rows.js";

export type CertificateFacts = Pick<
  WebTimingRow,
  | "tlsVersion"
  | "certificate"
  | "certificateSubject"
  | "certificateIssuer"
  | "certificateFrom"
  | "certificateTo"
  | "certificateError"
>;

export const NO_CERTIFICATE: CertificateFacts = {
  tlsVersion: "",
  certificate: "",
  certificateSubject: "",
  certificateIssuer: "",
  certificateFrom: "",
  certificateTo: "",
  certificateError: "",
};

/** A certificate that the other side chose: names may be long. */
const LONGEST_NAME = 512;

/** To be called while the connection is there; what it returns reads the certificate, which takes time. */
export function certificateOf(socket: TLSSocket): () => CertificateFacts {
  const certificate = socket.getPeerX509Certificate();
  const tlsVersion = socket.getProtocol() ?? "";
  const { authorizationError } = socket;
  return () => ({
    ...(certificate === undefined ? NO_CERTIFICATE : factsOf(certificate)),
    tlsVersion,
    certificateError: authorizationError == null ? "" : codeOf(authorizationError),
  });
}

function factsOf(certificate: X509Certificate): Omit<CertificateFacts, "tlsVersion" | "certificateError"> {
  return {
    certificate: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
    certificateSubject: oneLine(certificate.subject),
    certificateIssuer: oneLine(certificate.issuer),
    certificateFrom: timeOf(certificate.validFrom),
    certificateTo: timeOf(certificate.validTo),
  };
}

/** OpenSSL writes a line for each part of a name; a certificate need not have any. */
function oneLine(name: string | undefined): string {
  return (name ?? "").trim().split("\n").join(", ").slice(0, LONGEST_NAME);
}

/** OpenSSL's `Jan  1 00:00:00 2026 GMT`; empty for one that is no time. */
function timeOf(text: string): string {
  const unixMs = Date.parse(text);
  return Number.isNaN(unixMs) ? "" : new Date(unixMs).toISOString().replace(".000Z", "Z");
}

/** A code such as `DEPTH_ZERO_SELF_SIGNED_CERT`; Node's types say it is an Error, but it is the code itself. */
function codeOf(error: unknown): string {
  if (typeof error === "string") return error;
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : String(error);
}
