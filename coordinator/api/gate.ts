import { timingSafeEqual } from "node:crypto";
import type { Socket } from "node:net";
import type { FastifyRequest } from "fastify";
import { UserError } from "../../shared/errors.js";
import { PAGE_PATHS } from "../dashboard/files.js";
import type { OperatorRole } from "../identity/records.js";

/** Who makes a request. */
export interface Caller {
  /** An operator's name, or the token's. */
  readonly name: string;
  readonly role: OperatorRole;
}

/** Whom one listener of the API lets in. */
export interface Gate {
  /** Names the listener in the log. */
  readonly where: string;
  /** HTTP status for somebody who is not let in. */
  readonly status: 401 | 403;
  /** What it answers to whoever has come so far. */
  isOpen(path: string): boolean;
  /** Whether a Host header (without its port, in small letters) is this listener's own. */
  isOwnHost(host: string, socket: Socket): boolean;
  /** @throws UserError for whom it does not let in */
  admit(request: FastifyRequest): Caller;
}

const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);
/** What the log calls whoever has the token; no operator's name has a dot. */
const TOKEN_HOLDER = "operator.token";

export function isLoopbackHost(host: string): boolean {
  return LOOPBACK.has(host);
}

/** On loopback: whoever can read the token's file may do everything. */
export function tokenGate(token: string): Gate {
  const wanted = Buffer.from(token);
  return {
    where: "api",
    status: 401,
    // For those who watch over it; and the dashboard, which has nothing to tell before it is given the token.
    isOpen: (path) => path === "/healthz" || Object.hasOwn(PAGE_PATHS, path),
    isOwnHost: isLoopbackHost,
    admit({ headers }) {
      const given = Buffer.from((headers.authorization ?? "").replace(/^Bearer /, ""));
      if (given.length === wanted.length && timingSafeEqual(given, wanted)) {
        return { name: TOKEN_HOLDER, role: "operator" };
      }
      throw new UserError("the operator's token is wrong or missing", {
        remedy: "send the content of operator.token as Authorization: Bearer",
      });
    },
  };
}
