import { connect } from "node:tls";
import { errorCode, errorMessage, UserError } from "../../shared/errors.js";
import { type HandshakeProblem, handshakeProblem } from "../../shared/identity/handshake.js";
import type { OperatorIdentity } from "./operator-folder.js";

const HANDSHAKE: Readonly<Record<HandshakeProblem, readonly [string, string]>> = {
  expired: ["it takes your certificate for expired", "set both clocks, or get a new one: parallax operators add"],
  unknown: [
    "it does not know your certificate",
    "use the folder of a `parallax operators add` of that coordinator with --identity",
  ],
  clock: ["its certificate is not valid at the time that this machine's clock shows", "set both clocks by NTP"],
  "other-authority": [
    "its certificate is of another authority than --identity",
    "correct --server, or name the folder of that coordinator with --identity",
  ],
  "other-name": [
    "its certificate is for other names than that address",
    "start it with --public-address and the name that you use",
  ],
  "no-tls": ["it does not speak TLS 1.3 and HTTP there", "give the port of its --api-address"],
};

/** What it means that a connection to a coordinator elsewhere failed. */
export async function explainElsewhere(
  url: URL,
  identity: OperatorIdentity,
  servername: string | undefined,
  cause: unknown,
): Promise<UserError> {
  const text = errorMessage(cause);
  // A server that does not like a certificate hangs up, and its reason may be lost with what was on its way to it.
  const lost = ["ECONNRESET", "EPIPE"].includes(errorCode(cause));
  const problem = handshakeProblem(text) ?? (lost ? await probe(url, identity, servername) : null);
  if (problem !== null) {
    const [what, remedy] = HANDSHAKE[problem];
    return new UserError(`the coordinator at ${url.origin} cannot be used: ${what}`, { remedy, cause });
  }
  return new UserError(`the coordinator at ${url.origin} does not answer: ${text}`, {
    remedy: "check --server; it listens there when it is started with --api-address",
    cause,
  });
}

const PROBE_MS = 3_000;

/** Shakes hands once more and says nothing: a server that takes our certificate hands out a session (RFC 8446 4.6.1). */
function probe(
  { hostname, port }: URL,
  { key, certificate, authority }: OperatorIdentity,
  servername: string | undefined,
): Promise<HandshakeProblem | null> {
  return new Promise((resolve) => {
    const host = hostname.replace(/^\[|\]$/g, "");
    const socket = connect({
      ...{ host, port: Number(port || 443), key, cert: certificate, ca: authority },
      servername: servername ?? host,
      timeout: PROBE_MS,
    });
    let shook = false;
    const settle = (problem: HandshakeProblem | null) => {
      resolve(problem);
      socket.destroy();
    };
    socket.once("secureConnect", () => {
      shook = true;
    });
    socket.once("session", () => settle(null));
    socket.once("timeout", () => settle(null));
    socket.once("error", (error) => settle(handshakeProblem(error.message) ?? (shook ? "unknown" : null)));
    socket.once("close", () => settle(shook ? "unknown" : null));
    socket.resume();
  });
}
