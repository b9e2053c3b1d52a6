import { status } from "@grpc/grpc-js";
import { UserError } from "../../shared/errors.js";

/** Statuses that no second attempt changes, with what to do. */
const FINAL: Readonly<Partial<Record<status, string>>> = {
  [status.UNAUTHENTICATED]: "put the coordinator's token for agents into the file that coordinator.tokenFile names",
  [status.PERMISSION_DENIED]: "use a token that the coordinator gave this agent",
  [status.FAILED_PRECONDITION]: "install a version of parallax-agent that goes with this coordinator",
  [status.INVALID_ARGUMENT]: "correct the agent's file",
  [status.UNIMPLEMENTED]: "set coordinator.address to the agents' port of a Parallax coordinator",
};

/**
 * The error that ends an agent whose stream ended with this status, or null when it is worth another attempt. The
 * coordinator's own words, `what is wrong; what to do`, win over the remedy known here.
 */
export function refusalOf(address: string, code: status, details: string): UserError | null {
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
