/** How a connection that was to fetch a page ended. */
export const TIMING_OUTCOMES = [
  "complete",
  "body-limit",
  "refused",
  "unreachable",
  "reset",
  "timeout",
  "tls-failed",
  "not-http",
  "closed",
  "failed",
] as const;
export type TimingOutcome = (typeof TIMING_OUTCOMES)[number];

export const OUTCOME_WORDS: Readonly<Record<TimingOutcome, string>> = {
  complete: "answered",
  "body-limit": "answered; the body was longer than is read",
  refused: "refused the connection",
  unreachable: "is unreachable",
  reset: "reset the connection",
  timeout: "was not done in time",
  "tls-failed": "no TLS handshake",
  "not-http": "answered with something that is not HTTP",
  closed: "closed the connection before the response was whole",
  failed: "no connection",
};

/** Which sockets a page is fetched over. */
export const TRANSPORTS = ["tcp", "mptcp"] as const;
export type Transport = (typeof TRANSPORTS)[number];

/**
 * What became of MPTCP on a connection of it: fell back in the SYN exchange, or later, when data lost its options. Empty
 * for TCP, and where there was no connection.
 */
export type MptcpState = "negotiated" | "fell-back" | "fell-back-later" | "";

/**
 * What a host's robots.txt (RFC 9309) says of `/` for us. `unreachable` counts as a no (section 2.3.1.4).
 */
export type RobotsVerdict = "allowed" | "disallowed" | "unreachable";

/** What is timed, in curl's terms: microseconds from the beginning of the connection. */
export const TIMING_PHASES = ["connect", "pretransfer", "firstByte", "total"] as const;
export type TimingPhase = (typeof TIMING_PHASES)[number];

/** Ports where a page is fetched by HTTPS, unless a plan says otherwise. */
export const DEFAULT_HTTPS_PORTS: readonly number[] = [443];
