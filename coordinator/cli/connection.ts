import { Agent } from "node:https";
import { isIP } from "node:net";
import { connect } from "node:tls";
import { errorCode, errorMessage, UserError } from "../../shared/errors.js";
import { type HandshakeProblem, handshakeProblem } from "../../shared/identity/handshake.js";
import { openState } from "../up/state.js";
import type { Whereabouts } from "./common.js";
import { type OperatorIdentity, readOperatorFolder } from "./operator-folder.js";

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
    agent: new Agent(tls),
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

const HANDSHAKE: Readonly<Record<HandshakeProblem, readonly [string, string]>> = {
  expired: ["it takes your certificate for expired", "set both clocks, or get a new one: parallax operators add"],
  unknown: [
    "it does not know your certificate",
    "use the folder of a `parallax operators add` of that coordinator with --identity",
  ],
  clock: ["its certificate is not valid at the time that this machine's clock shows", "set both clocks by NTP"],
  "other-authority": [
    "its certificate is of another authority than --identity",
    "correct --server, or name the folder of that coordinator with --identity",
  ],
  "other-name": [
    "its certificate is for other names than that address",
    "start it with --public-address and the name that you use",
  ],
  "no-tls": ["it does not speak TLS 1.3 and HTTP there", "give the port of its --api-address"],
};

async function explainElsewhere(
  url: URL,
  identity: OperatorIdentity,
  servername: string | undefined,
  cause: unknown,
): Promise<UserError> {
  const text = errorMessage(cause);
  // A server that does not like a certificate hangs up, and its reason may be lost with what was on its way to it.
  const lost = ["ECONNRESET", "EPIPE"].includes(errorCode(cause));
  const problem = handshakeProblem(text) ?? (lost ? await probe(url, identity, servername) : null);
  if (problem !== null) {
    const [what, remedy] = HANDSHAKE[problem];
    return new UserError(`the coordinator at ${url.origin} cannot be used: ${what}`, { remedy, cause });
  }
  return new UserError(`the coordinator at ${url.origin} does not answer: ${text}`, {
    remedy: "check --server; it listens there when it is started with --api-address",
    cause,
  });
}

const PROBE_MS = 3_000;

/** Shakes hands once more and says nothing: a server that takes our certificate hands out a session (RFC 8446 4.6.1). */
function probe(
  { hostname, port }: URL,
  { key, certificate, authority }: OperatorIdentity,
  servername: string | undefined,
): Promise<HandshakeProblem | null> {
  return new Promise((resolve) => {
    const host = hostname.replace(/^\[|\]$/g, "");
    const socket = connect({
      ...{ host, port: Number(port || 443), key, cert: certificate, ca: authority },
      servername: servername ?? host,
      timeout: PROBE_MS,
    });
    let shook = false;
    const settle = (problem: HandshakeProblem | null) => {
      resolve(problem);
      socket.destroy();
    };
    socket.once("secureConnect", () => {
      shook = true;
    });
    socket.once("session", () => settle(null));
    socket.once("timeout", () => settle(null));
    socket.once("error", (error) => settle(handshakeProblem(error.message) ?? (shook ? "unknown" : null)));
    socket.once("close", () => settle(shook ? "unknown" : null));
    socket.resume();
  });
}
