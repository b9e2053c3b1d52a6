import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { errorMessage } from "../../shared/errors.js";
import type { AgentConfig } from "../config/config.js";
import { renew } from "../session/enrol.js";
import { requireUnexpired, writeIdentity } from "./identity.js";
import { createIdentityKeeper, type IdentityKeeper } from "./keeper.js";

/**
 * The identity of an agent's file, renewed over the coordinator's own port and kept in its folder.
 * @throws UserError when it has expired: no session would begin
 */
export function keepIdentity(
  { identity, identityFolder, coordinator }: Pick<AgentConfig, "identity" | "identityFolder" | "coordinator">,
  log: Pick<Logger, "info" | "warn">,
): IdentityKeeper {
  requireUnexpired(identity, Date.now());
  return createIdentityKeeper({
    identity,
    renew: (current) => renew(coordinator.address, current, Date.now),
    store: (renewed) => writeIdentity(identityFolder, renewed),
    nowMs: Date.now,
    sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
    onRenewed: ({ expiresMs }) => log.info({ until: new Date(expiresMs).toISOString() }, "certificate renewed"),
    onFailure: (error, retryMs) =>
      log.warn({ again: new Date(retryMs).toISOString() }, `the certificate is not renewed: ${errorMessage(error)}`),
  });
}
