import { Agent } from "node:https";
import { isIP } from "node:net";
import { errorMessage, UserError } from "../../shared/errors.js";
import { openState } from "../up/state.js";
import type { Whereabouts } from "./common.js";
import { explainElsewhere } from "./lost-connection.js";
import { readOperatorFolder } from "./operator-folder.js";

/** ClickHouse's HTTP interface: where, behind which path, and who asks. */
export interface WarehousePoint {
  readonly url: string;
  readonly pathname: string;
  /** Empty where a certificate says who asks. */
  readonly token: string;
}

/** The way to one coordinator. */
export interface Connection {
  /** URL of its API, without a slash at the end. */
  readonly api: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Shows our certificate; undefined where a token says who we are. */
  readonly agent: Agent | undefined;
  readonly warehouse: WarehousePoint;
  /** Where operators reach it from elsewhere; empty: nowhere. */
  readonly operators: string;
  /** What a connection that failed means. */
  explain(cause: unknown): Promise<UserError>;
}

/** Finds a coordinator. @throws UserError when there is none, or the options do not fit */
export function connectionTo({ data, server, identity }: Whereabouts): Connection {
  if (server !== undefined) return connectionElsewhere(server, identity);
  const state = openState(data);
  const where = state.running();
  if (where === null) {
    throw new UserError(`no coordinator runs on ${data}`, {
      remedy: "start one with `parallax up`, name its folder with --data, or one elsewhere with --server",
    });
  }
  const token = state.token("operator");
  return {
    api: where.api,
    headers: { Authorization: `Bearer ${token}` },
    agent: undefined,
    warehouse: { url: where.warehouse, pathname: "/", token },
    operators: where.operators,
    explain: async (cause) =>
      new UserError(`the coordinator at ${where.api} does not answer: ${errorMessage(cause)}`, {
        remedy: "see its log",
        cause,
      }),
  };
}

function connectionElsewhere(server: string, folder: string | undefined): Connection {
  const url = serverUrl(server);
  if (folder === undefined) {
    throw new UserError(`--server ${server} wants to know who you are`, {
      remedy: "name the folder that `parallax operators add` wrote with --identity",
      exitCode: 2,
    });
  }
  const identity = readOperatorFolder(folder, Date.now());
  const tls = {
    ...{ key: identity.key, cert: identity.certificate, ca: identity.authority },
    // No name of a TLS server is an address (RFC 6066). Every certificate of the coordinator has this name, and its
    // authority signs for no other server.
    ...(isIP(url.hostname.replace(/^\[|\]$/g, "")) === 0 ? {} : { servername: "localhost" }),
  };
  return {
    api: url.origin,
    headers: {},
    // A server closes a connection that is not kept alive behind its answer, also while a file is on its way that it does
    // not want: the answer would be lost.
    agent: new Agent({ ...tls, keepAlive: true }),
    warehouse: { url: url.origin, pathname: "/v1/warehouse", token: "" },
    operators: url.origin,
    explain: (cause) => explainElsewhere(url, identity, tls.servername, cause),
  };
}

function serverUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === "https:" && url.pathname === "/" && url.search === "" && url.username === "") return url;
  const plain = url?.protocol === "http:" ? "is not encrypted" : "is no coordinator's address";
  throw new UserError(`--server ${text} ${plain}`, {
    remedy: "write https://HOST:PORT, as `parallax up --api-address` prints it",
    exitCode: 2,
  });
}
