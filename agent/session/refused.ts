import { status } from "@grpc/grpc-js";
import { UserError } from "../../shared/errors.js";

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
  const handshake = handshakeProblem(address, details);
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

/** What OpenSSL says when one side does not take the other's certificate; the coordinator cannot say more than an alert. */
const HANDSHAKE: readonly (readonly [RegExp, string, string])[] = [
  [
    /alert certificate expired|alert number 45/,
    "it takes this agent's certificate for expired",
    "set both clocks; if the certificate is old, enrol this machine again",
  ],
  [
    /alert (certificate required|bad certificate|unknown ca)|alert number (42|48|116)/,
    "it does not know this agent's certificate",
    "enrol this machine with a token of this coordinator",
  ],
  [
    /certificate is not yet valid|certificate has expired/,
    "its certificate is not valid at the time that this machine's clock shows",
    "set both clocks by NTP",
  ],
  [
    /unable to (verify|get)|self.signed certificate|signature failure/,
    "it is not the one that enrolled this agent: its certificate is of another authority",
    "correct coordinator.address, or enrol this machine with a token of that coordinator",
  ],
  [
    /does not match certificate's altnames/,
    "its certificate is for other names than that address",
    "start it with --public-address and the name or address that agents use",
  ],
];

function handshakeProblem(address: string, details: string): UserError | null {
  for (const [pattern, what, remedy] of HANDSHAKE) {
    if (pattern.test(details)) {
      return new UserError(`the coordinator at ${address} cannot be used: ${what}`, { remedy });
    }
  }
  return null;
}
