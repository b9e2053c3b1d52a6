import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { type Prefix, parsePrefix } from "../../shared/address/prefix.js";
import { DecodeError } from "../../shared/errors.js";
import type { OptOutBook } from "../optout/book.js";
import { optOutReach } from "../optout/reach.js";
import type { Fleet } from "../session/fleet.js";

const prefix = z.string().transform((text, context): Prefix => {
  try {
    return parsePrefix(text);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    context.addIssue({ code: "custom", message: error.message });
    return z.NEVER;
  }
});
const words = z.string().trim().min(1, "must not be empty").max(500);
const additions = z.strictObject({
  entries: z.array(z.strictObject({ prefix, reason: words })).min(1),
  contact: words,
  origin: words.default("operator"),
});
const withdrawal = z.strictObject({ prefix, reason: words });

/** The opt-outs' part of the operator's interface. */
export function optOutRoutes(
  server: FastifyInstance,
  { optOuts, fleet }: { readonly optOuts: OptOutBook; readonly fleet: Fleet },
): void {
  server.get("/v1/optouts", () => optOuts.list());
  server.get("/v1/optouts/reach", () => optOutReach(fleet));
  server.post("/v1/optouts", ({ body }) => optOuts.add(additions.parse(body)));
  server.post("/v1/optouts/withdraw", ({ body }) => {
    const { prefix: withdrawn, reason } = withdrawal.parse(body);
    return optOuts.withdraw(withdrawn, reason);
  });
}
