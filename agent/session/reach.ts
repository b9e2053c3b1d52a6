import type { ServiceError } from "@grpc/grpc-js";
import { errorMessage, UserError } from "../../shared/errors.js";
import { type ClientIdentity, createClient } from "./client.js";
import { refusalOf } from "./refused.js";

/** A coordinator that knows the agent waits for the agent's hello; one that does not answers at once. */
const PATIENCE_MS = 500;

/**
 * Looks whether a coordinator answers and takes the certificate, without becoming one of its agents.
 *
 * @throws UserError when it does not.
 */
export async function reachCoordinator(address: string, identity: ClientIdentity, waitMs: number): Promise<void> {
  const client = createClient(address, identity);
  try {
    await new Promise<void>((resolve, reject) => {
      client.waitForReady(new Date(Date.now() + waitMs), (error) => (error === undefined ? resolve() : reject(error)));
    }).catch((cause: unknown) => {
      throw new UserError(`the coordinator at ${address} cannot be reached (${errorMessage(cause)})`, {
        remedy: "start it with `parallax up`, or correct coordinator.address",
        cause,
      });
    });
    await new Promise<void>((resolve, reject) => {
      const call = client.session();
      const timer = setTimeout(() => {
        call.cancel();
        resolve();
      }, PATIENCE_MS);
      call.on("data", () => undefined);
      call.on("error", (error: ServiceError) => {
        clearTimeout(timer);
        const refusal = refusalOf(address, error.code, error.details);
        if (refusal === null) {
          resolve();
        } else {
          reject(refusal);
        }
      });
    });
  } finally {
    client.close();
  }
}
