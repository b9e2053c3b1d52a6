import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { formatToken } from "../../shared/identity/token.js";
import type { Terms, TokenRecord } from "./records.js";
import { IdentityRefused } from "./refused.js";
import type { Registry } from "./registry.js";

const ID_BYTES = 6;
const SECRET_BYTES = 32;

/** What a token is to be like. */
export interface TokenWish {
  readonly uses: number;
  readonly lifetimeMs: number;
  readonly terms: Terms;
}

/** Makes tokens. `address` is where agents enrol, `fingerprint` that of the authority's certificate. */
export interface TokenDesk {
  /** The only time that the token's text is known here. */
  create(wish: TokenWish): { readonly token: string; readonly record: TokenRecord };
  /** Nobody enrols with it any more; null when there is none. Agents that it let in stay. */
  revoke(id: string): TokenRecord | null;
}

export function createTokenDesk(
  registry: Registry,
  where: { readonly address: string; readonly fingerprint: string },
  nowMs: () => number,
): TokenDesk {
  return {
    create({ uses, lifetimeMs, terms }) {
      const id = randomBytes(ID_BYTES).toString("hex");
      const secret = randomBytes(SECRET_BYTES).toString("base64url");
      const createdMs = nowMs();
      const record: TokenRecord = {
        id,
        hash: hashOf(secret),
        createdMs,
        expiresMs: createdMs + lifetimeMs,
        uses,
        used: [],
        revokedMs: null,
        terms,
      };
      registry.putToken(record);
      return { token: formatToken({ id, secret, ...where }), record };
    },
    revoke(id) {
      const record = registry.token(id);
      if (record === null) return null;
      const revoked = { ...record, revokedMs: record.revokedMs ?? nowMs() };
      registry.putToken(revoked);
      return revoked;
    },
  };
}

/**
 * The token with this number and secret, whatever state it is in.
 * @throws IdentityRefused when there is none: the same words for a wrong number and a wrong secret
 */
export function findToken(registry: Registry, id: string, secret: string): TokenRecord {
  const record = registry.token(id);
  if (record !== null && timingSafeEqual(Buffer.from(record.hash), Buffer.from(hashOf(secret)))) return record;
  throw new IdentityRefused(
    "denied",
    "this coordinator did not make the enrolment token; make one here with `parallax enroll create`",
  );
}

/** @throws IdentityRefused unless one more agent may enrol with the token now */
export function checkUsable(token: TokenRecord, nowMs: number): void {
  const remedy = "make a new one with `parallax enroll create`";
  const day = (ms: number) => new Date(ms).toISOString();
  if (token.revokedMs !== null) {
    throw new IdentityRefused(
      "denied",
      `enrolment token ${token.id} was revoked at ${day(token.revokedMs)}; ${remedy}`,
    );
  }
  if (nowMs >= token.expiresMs) {
    throw new IdentityRefused("denied", `enrolment token ${token.id} expired at ${day(token.expiresMs)}; ${remedy}`);
  }
  if (token.used.length >= token.uses) {
    const last = token.used.at(-1);
    const by = last === undefined ? "" : `, last by agent ${last.agent} at ${day(last.atMs)}`;
    throw new IdentityRefused(
      "denied",
      `enrolment token ${token.id} is used up (${token.uses} of ${token.uses}${by}); ${remedy}`,
    );
  }
}

function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
