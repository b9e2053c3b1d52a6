import { status } from "@grpc/grpc-js";
import { UserError } from "../../shared/errors.js";
import { type HandshakeProblem, handshakeProblem } from "../../shared/identity/handshake.js";

/** Statuses that no second attempt changes, with what to do. */
const FINAL: Readonly<Partial<Record<status, string>>> = {
  [status.PERMISSION_DENIED]: "enrol this machine with a token of this coordinator",
  [status.FAILED_PRECONDITION]: "install a version of parallax-agent that goes with this coordinator",
  [status.INVALID_ARGUMENT]: "correct the agent's file",
  [status.UNIMPLEMENTED]: "set coordinator.address to the agents' port of a Parallax coordinator",
};

/**
 * The error that ends an agent whose stream ended with this status, or null when it is worth another attempt. The
 * coordinator's own words, `what is wrong; what to do`, win over the remedy known here.
 */
export function refusalOf(address: string, code: status, details: string): UserError | null {
  const handshake = handshakeError(address, details);
  if (handshake !== null) {
    return handshake;
  }
  const remedy = FINAL[code];
  if (remedy === undefined) {
    return null;
  }
  const at = details.lastIndexOf("; ");
  const what = at < 0 ? details : details.slice(0, at);
  return new UserError(`the coordinator at ${address} refuses this agent: ${what}`, {
    remedy: at < 0 ? remedy : details.slice(at + 2),
  });
}

/** What is wrong and what to do; null where another attempt may do better. */
const HANDSHAKE: Readonly<Record<HandshakeProblem, readonly [string, string] | null>> = {
  expired: [
    "it takes this agent's certificate for expired",
    "set both clocks; if the certificate is old, enrol this machine again",
  ],
  unknown: ["it does not know this agent's certificate", "enrol this machine with a token of this coordinator"],
  clock: ["its certificate is not valid at the time that this machine's clock shows", "set both clocks by NTP"],
  "other-authority": [
    "it is not the one that enrolled this agent: its certificate is of another authority",
    "correct coordinator.address, or enrol this machine with a token of that coordinator",
  ],
  "other-name": [
    "its certificate is for other names than that address",
    "start it with --public-address and the name or address that agents use",
  ],
  "no-tls": null,
};

function handshakeError(address: string, details: string): UserError | null {
  const problem = handshakeProblem(details);
  const words = problem === null ? null : HANDSHAKE[problem];
  return words && new UserError(`the coordinator at ${address} cannot be used: ${words[0]}`, { remedy: words[1] });
}
