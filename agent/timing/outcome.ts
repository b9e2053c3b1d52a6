import { errorCode, errorMessage } from "../../shared/errors.js";
import type { TimingOutcome } from "../../shared/timing/names.js";

const OUTCOMES: Readonly<Record<string, TimingOutcome>> = {
  ECONNREFUSED: "refused",
  ECONNRESET: "reset",
  EPIPE: "reset",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  EHOSTDOWN: "unreachable",
  ENETDOWN: "unreachable",
  ETIMEDOUT: "timeout",
};

/** What the error of a socket, of TLS or of Node's HTTP parser means. */
export function outcomeOf(error: unknown): TimingOutcome {
  const code = errorCode(error);
  if (code.startsWith("HPE_")) return "not-http";
  if (code.startsWith("ERR_SSL_")) return "tls-failed";
  return OUTCOMES[code] ?? "failed";
}

/** The same for an error of a request: where the socket itself had none, its other side just closed it. */
export function outcomeOfRequest(error: unknown): TimingOutcome {
  const outcome = outcomeOf(error);
  return outcome === "reset" ? "closed" : outcome;
}

/** The code that says most, else the message. */
export function wordOf(error: unknown): string {
  return errorCode(error) || errorMessage(error);
}
