import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import { errorMessage, UserError } from "../../shared/errors.js";

/** ClickHouse's HTTP interface on loopback, and the token of its reader. */
export interface WarehouseAccess {
  readonly url: string;
  readonly token: string;
}

/** Headers that ClickHouse's clients and servers tell each other something with. */
const PASSED = /^(content-(type|encoding|length)|transfer-encoding|accept-encoding|x-clickhouse-.*)$/;
/** Who somebody is, this interface has found out already. */
const NOT_PASSED = new Set(["x-clickhouse-user", "x-clickhouse-key", "x-clickhouse-ssl-certificate-auth"]);

/**
 * The warehouse for whoever may use this interface: the same queries, under the same limits, as with its own port and
 * the operator's token. It lets nobody write.
 */
export function warehouseRoutes(server: FastifyInstance, { url, token }: WarehouseAccess): void {
  server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, content, done) => done(null, content));
    scope.route({
      method: ["GET", "POST"],
      url: "/v1/warehouse",
      config: { reads: true },
      handler: async ({ method, raw, body }, reply) => {
        const at = raw.url?.indexOf("?") ?? -1;
        const query = at < 0 ? "" : (raw.url ?? "").slice(at);
        const headers = { ...passed(raw.headers), "X-ClickHouse-Key": token };
        const upstream = httpRequest(`${url}/${query}`, { method, headers });
        // A query that nobody waits for any more is ended by the warehouse when its connection goes.
        reply.raw.once("close", () => upstream.destroy());
        const answered = new Promise<IncomingMessage>((resolve, reject) => {
          upstream.once("response", resolve);
          upstream.on("error", (cause) =>
            reject(new UserError(`the warehouse does not answer: ${errorMessage(cause)}`, { remedy: "ask again" })),
          );
        });
        if (body instanceof Readable) body.pipe(upstream);
        else upstream.end();
        const answer = await answered;
        return reply
          .code(answer.statusCode ?? 502)
          .headers(passed(answer.headers))
          .send(answer);
      },
    });
  });
}

function passed(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && PASSED.test(name) && !NOT_PASSED.has(name)) kept[name] = value;
  }
  return kept;
}
