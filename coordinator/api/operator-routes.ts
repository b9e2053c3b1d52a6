import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { UserError } from "../../shared/errors.js";
import type { OperatorDesk } from "../identity/operators.js";
import { type OperatorRecord, operatorRole } from "../identity/records.js";

export interface OperatorRoutes {
  readonly desk: Pick<OperatorDesk, "add" | "list" | "revoke">;
  /** PEM of the authority's certificate. */
  readonly authority: string;
  readonly nowMs: () => number;
}

/** An operator, as operators see it. Times are Unix milliseconds. */
export interface OperatorView extends Omit<OperatorRecord, "keyHash"> {
  readonly state: "valid" | "expired" | "revoked";
}

/** What a new operator gets besides the key that it has; PEM. */
export interface AddedOperator extends OperatorView {
  readonly certificate: string;
  readonly authority: string;
}

const DAY_MS = 86_400_000;
const LONGEST_LIFE_MS = 3_650 * DAY_MS;
const LONGEST_REQUEST = 8_192;

const addition = z.strictObject({
  name: z.string(),
  role: operatorRole.default("operator"),
  lifetimeMs: z.number().int().min(1_000).max(LONGEST_LIFE_MS),
  /** PKCS#10 in DER. */
  certificateRequest: z.base64().max(LONGEST_REQUEST),
});

/** Certificates for the people and programs that use this interface. */
export function operatorRoutes(server: FastifyInstance, { desk, authority, nowMs }: OperatorRoutes): void {
  const view = ({ keyHash, ...record }: OperatorRecord): OperatorView => ({
    ...record,
    state: record.revokedMs !== null ? "revoked" : nowMs() >= record.expiresMs ? "expired" : "valid",
  });
  server.get("/v1/operators", () => desk.list().map(view));
  server.post("/v1/operators", async ({ body, caller }): Promise<AddedOperator> => {
    const { certificateRequest, ...wish } = addition.parse(body);
    const request = Buffer.from(certificateRequest, "base64");
    const { record, certificate } = await desk.add({
      ...wish,
      certificateRequest: request,
      by: caller?.name ?? "",
    });
    return { ...view(record), certificate, authority };
  });
  server.post("/v1/operators/:name/revoke", ({ params, caller }) => {
    const { name } = z.object({ name: z.string() }).parse(params);
    if (caller?.name === name) {
      throw new UserError(`operator ${name} cannot revoke itself`, {
        remedy: "let another operator do it, or do it on the coordinator's machine",
      });
    }
    return view(desk.revoke(name));
  });
}
