/**
 * Why a TLS handshake with a coordinator failed, from a client's side:
 * - `expired`: it takes our certificate for expired; `unknown`: it does not know it
 * - `clock`: its certificate is not valid at the time that our clock shows
 * - `other-authority`, `other-name`: its certificate is of another authority, or for other names
 * - `no-tls`: what answers does not speak our TLS
 */
export type HandshakeProblem = "expired" | "unknown" | "clock" | "other-authority" | "other-name" | "no-tls";

/** What OpenSSL and Node say; of our certificate the other side can say no more than an alert (RFC 8446 section 6). */
const PROBLEMS: readonly (readonly [RegExp, HandshakeProblem])[] = [
  [/alert certificate expired|alert number 45/, "expired"],
  [/alert (certificate required|bad certificate|decrypt error|unknown ca)|alert number (42|48|51|116)/, "unknown"],
  [/certificate is not yet valid|certificate has expired/, "clock"],
  [/unable to (verify|get)|self.signed certificate|signature failure|EVP lib/, "other-authority"],
  [/does not match certificate's altnames/, "other-name"],
  [/wrong version number|packet length too long|before secure TLS connection|alert number (70|120)/, "no-tls"],
];

/** The problem that an error's text tells of, or null when it is none of a handshake. */
export function handshakeProblem(text: string): HandshakeProblem | null {
  return PROBLEMS.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}
