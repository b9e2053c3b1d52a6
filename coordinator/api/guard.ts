import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { UserError } from "../../shared/errors.js";
import { remoteAddress } from "../identity/handshake.js";
import type { RefusalLog } from "../identity/refusal-log.js";
import type { Caller, Gate } from "./gate.js";

declare module "fastify" {
  interface FastifyRequest {
    /** Null until the guard has let the request in. */
    caller: Caller | null;
  }
  interface FastifyContextConfig {
    /** Changes nothing although it is no GET: readers may call it. */
    reads?: boolean;
  }
}

export interface GuardOptions {
  readonly gate: Gate;
  readonly refused: RefusalLog;
  /** Gets a line for each request that may change something. */
  readonly writes: Pick<Logger, "info">;
}

/**
 * Looks at Host, Origin, who asks and what they may do, before anything of the request is read. A page in a browser can
 * send requests to every listener, also under a name of its own that it points here; it gets nowhere.
 */
export function guard(server: FastifyInstance, { gate, refused, writes }: GuardOptions): void {
  const { where } = gate;
  server.decorateRequest("caller", null);
  server.addHook("onRequest", async (request, reply) => {
    const from = remoteAddress(request.socket);
    const host = (request.headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
    if (!gate.isOwnHost(host, request.socket)) {
      refused(where, from, "its Host header names another machine");
      return deny(reply, 403, {
        message: `the host ${host} is not this one`,
        remedy: "use the address that `parallax up` prints",
      });
    }
    const { origin } = request.headers;
    if (origin !== undefined && origin.replace(/^https?:\/\//, "") !== request.headers.host) {
      refused(where, from, "a page of another origin sent it");
      return deny(reply, 403, { message: "pages of other origins may not use this", remedy: "use the command line" });
    }
    if (gate.isOpen(request.url)) return undefined;
    let caller: Caller;
    try {
      caller = gate.admit(request);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      refused(where, from, error.message);
      return deny(reply, gate.status, error);
    }
    const { name, role } = caller;
    if (role === "reader" && isWrite(request)) {
      refused(where, `operator ${name}`, "is a reader and wanted to change something");
      return deny(reply, 403, {
        message: `operator ${name} is a reader: this would change something`,
        remedy: `ask an operator to do it, or for a certificate with \`parallax operators add --role operator\``,
      });
    }
    request.caller = caller;
    return undefined;
  });
  server.addHook("onResponse", async (request, reply) => {
    if (request.caller === null || !isWrite(request)) return;
    const { method, url, caller } = request;
    const from = remoteAddress(request.socket);
    writes.info({ by: caller.name, from, method, path: url.slice(0, 200), status: reply.raw.statusCode }, "write");
  });
}

function isWrite({ method, routeOptions }: FastifyRequest): boolean {
  return method !== "GET" && method !== "HEAD" && routeOptions.config?.reads !== true;
}

function deny(
  reply: FastifyReply,
  status: 401 | 403,
  { message, remedy }: { readonly message: string; readonly remedy: string },
): FastifyReply {
  return reply.code(status).send({ error: message, remedy });
}
