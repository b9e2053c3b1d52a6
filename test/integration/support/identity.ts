import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AgentIdentity } from "../../../agent/identity/identity.js";
import { createIdentityKeeper, type IdentityKeeper } from "../../../agent/identity/keeper.js";
import type { Terms } from "../../../coordinator/identity/records.js";
import { type Identity, openIdentity } from "../../../coordinator/identity/service.js";
import { createTokenDesk, type TokenDesk } from "../../../coordinator/identity/tokens.js";
import type { SessionServerOptions } from "../../../coordinator/session/server.js";
import { enrolledDirectly } from "../../../deploy/bench/fleet/enrolled.js";

/** A real authority, registry and broker keys in a folder of their own. */
export interface TestIdentity extends Identity {
  readonly data: string;
  readonly tokens: TokenDesk;
  /** Lines for the operator: `where who: reason`. */
  readonly refusals: string[];
  /** What a session server needs of it, on a free loopback port. */
  readonly server: Omit<SessionServerOptions, "fleet" | "log">;
  /** Enrols an agent without a connection; again under the same name takes the former's place. */
  enroll(name: string, vantage: string, terms?: Partial<Terms>): Promise<AgentIdentity>;
  remove(): void;
}

export interface TestIdentityOptions {
  readonly nowMs?: () => number;
  readonly certificateLifetimeMs?: number;
}

export async function createTestIdentity(options: TestIdentityOptions = {}): Promise<TestIdentity> {
  const { nowMs = Date.now, ...more } = options;
  const data = mkdtempSync(join(tmpdir(), "parallax-identity-"));
  const identity = await openIdentity({ data, publicNames: [], nowMs, ...more });
  const { desk, tls, registry, authority } = identity;
  const { fingerprint, certificate } = authority;
  const tokens = createTokenDesk(registry, { address: "127.0.0.1:1", fingerprint }, nowMs);
  const refusals: string[] = [];
  const addresses = () => ({ sessions: "127.0.0.1:1", broker: "tls://127.0.0.1:1", authority: certificate });
  return {
    ...identity,
    data,
    tokens,
    refusals,
    server: {
      ...{ host: "127.0.0.1", port: 0, tls, desk, addresses, nowMs },
      refused: (where, who, reason) => refusals.push(`${where} ${who}: ${reason}`),
    },
    enroll: (name, vantage, terms = {}) => enrolledDirectly(identity, { name, vantage, terms }, nowMs),
    remove: () => rmSync(data, { recursive: true, force: true }),
  };
}

/** Keeps an identity that is never renewed. */
export function keepForEver(identity: AgentIdentity): IdentityKeeper {
  return createIdentityKeeper({
    identity,
    nowMs: () => identity.issuedMs,
    sleep: (_, signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve())),
    renew: () => Promise.reject(new Error("not renewed in this test")),
    store: () => undefined,
    onRenewed: () => undefined,
    onFailure: () => undefined,
  });
}
