import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { parsePrefix } from "../../shared/address/prefix.js";
import { DecodeError, UserError } from "../../shared/errors.js";
import { isName } from "../../shared/lease/protocol.js";
import type { IdentityDesk } from "../identity/desk.js";
import type { TokenRecord } from "../identity/records.js";
import type { Registry } from "../identity/registry.js";
import type { TokenDesk } from "../identity/tokens.js";

export interface IdentityRoutes {
  readonly registry: Pick<Registry, "tokens">;
  readonly tokens: TokenDesk;
  readonly desk: Pick<IdentityDesk, "revoke">;
  readonly nowMs: () => number;
}

/** An enrolment token, as operators see it. Times are Unix milliseconds. */
export interface TokenView extends Omit<TokenRecord, "hash"> {
  readonly state: "open" | "used" | "expired" | "revoked";
}

const MOST_USES = 10_000;
const LONGEST_LIFE_MS = 366 * 86_400_000;

const label = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/, "use 1 to 128 letters, digits and . _ / -");
const name = z.string().refine(isName, "use 1 to 63 letters, digits, - and _");
const tokenWish = z.strictObject({
  uses: z.number().int().min(1).max(MOST_USES).default(1),
  lifetimeMs: z.number().int().min(1_000).max(LONGEST_LIFE_MS),
  name: name.nullable().default(null),
  vantage: name.nullable().default(null),
  labels: z.record(label, label).default({}),
  maxPps: z.number().int().min(1).nullable().default(null),
  sourcePrefix: z.string().refine(isPrefix, "is no prefix, such as 192.0.2.0/24").nullable().default(null),
});

/** Enrolment tokens and revocations. */
export function identityRoutes(server: FastifyInstance, { registry, tokens, desk, nowMs }: IdentityRoutes): void {
  const id = (request: FastifyRequest) => z.object({ id: z.string() }).parse(request.params).id;
  const view = ({ hash, ...token }: TokenRecord): TokenView => ({ ...token, state: stateOf(token, nowMs()) });

  server.get("/v1/enrolment/tokens", () => registry.tokens().map(view));
  server.post("/v1/enrolment/tokens", ({ body }) => {
    const { uses, lifetimeMs, ...terms } = tokenWish.parse(body);
    if (terms.name !== null && uses > 1) {
      throw new UserError(`a token for the one agent ${terms.name} has one use`, {
        remedy: "leave --uses or --name away",
        exitCode: 2,
      });
    }
    const { token, record } = tokens.create({ uses, lifetimeMs, terms });
    return { token, ...view(record) };
  });
  server.post("/v1/enrolment/tokens/:id/revoke", (request) => {
    const record = tokens.revoke(id(request));
    if (record !== null) return view(record);
    throw new UserError(`there is no enrolment token ${id(request)}`, {
      remedy: "see `parallax enroll list`",
      exitCode: 2,
    });
  });
  server.post("/v1/agents/:id/revoke", (request) => {
    const record = desk.revoke(id(request));
    if (record !== null) return { agent: record.name, revokedMs: record.revokedMs };
    throw new UserError(`no agent ${id(request)} was enrolled`, { remedy: "see `parallax agents`", exitCode: 2 });
  });
}

function stateOf(token: Omit<TokenRecord, "hash">, nowMs: number): TokenView["state"] {
  if (token.revokedMs !== null) return "revoked";
  if (token.used.length >= token.uses) return "used";
  return nowMs >= token.expiresMs ? "expired" : "open";
}

function isPrefix(text: string): boolean {
  try {
    parsePrefix(text);
    return true;
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}
