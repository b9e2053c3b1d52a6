import {
  logVerbosity,
  Server,
  type ServerDuplexStream,
  type ServerUnaryCall,
  setLogVerbosity,
  status,
} from "@grpc/grpc-js";
import type { Logger } from "pino";
import { DecodeError } from "../../shared/errors.js";
import {
  AgentServiceService,
  type RenewRequest,
  type RenewResponse,
  type SessionRequest,
  type SessionResponse,
} from "../../shared/generated/parallax/agent/v1/session.js";
import { MAX_SESSION_MESSAGE_BYTES } from "../../shared/lease/protocol.js";
import { checkClock, type IdentityDesk, type Peer } from "../identity/desk.js";
import type { RefusalLog } from "../identity/refusal-log.js";
import { heartbeatFrom, identityFrom, refusalFrom, responseFrom, welcomeMessage } from "./convert.js";
import { exchangeFrom, selfTestFrom } from "./convert-exchange.js";
import { type AgentAddresses, credentialsMessage, wishFrom } from "./credentials.js";
import { enrolledIdentity } from "./enrolled.js";
import type { Fleet, FleetSession } from "./fleet.js";
import { createOutbox } from "./outbox.js";
import { addressOf, peerOf } from "./peer.js";
import { createRefuser, endStream, type Refuser } from "./refuse.js";
import { openTlsPort } from "./tls-port.js";

/** A stream that has not said hello by then is ended. */
const HELLO_TIMEOUT_MS = 10_000;

/** How often sessions are looked at for certificates that have expired. */
const EXPIRY_LOOK_MS = 30_000;

export interface SessionServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly tls: ServerTls;
  readonly desk: Pick<IdentityDesk, "admit" | "renew" | "onChange">;
  /** What renewed credentials say of where to connect; asked at each renewal. */
  readonly addresses: () => AgentAddresses;
  readonly fleet: Fleet;
  readonly nowMs: () => number;
  readonly log: Logger;
  readonly refused: RefusalLog;
  /** How often sessions are looked at for certificates that have expired; every 30 s by default. */
  readonly expiryLookMs?: number;
}

/** PEM texts. */
export interface ServerTls {
  readonly key: string;
  /** The server's own, then the authority's. */
  readonly certificate: string;
  readonly authority: string;
}

export interface SessionServer {
  /** The port it listens on. */
  readonly port: number;
  /** Ends all sessions and stops listening. */
  stop(): Promise<void>;
}

type Stream = ServerDuplexStream<SessionRequest, SessionResponse>;

const WHERE = "agents";

/** Listens for agents, which show their certificates. Rejects with UserError when the address cannot be bound. */
export async function startSessionServer(options: SessionServerOptions): Promise<SessionServer> {
  const { desk, refused } = options;
  // grpc-js would print what is thrown or logged here once more, for the whole process.
  setLogVerbosity(logVerbosity.NONE);
  const server = new Server({
    "grpc.max_receive_message_length": MAX_SESSION_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_SESSION_MESSAGE_BYTES,
    "grpc.keepalive_time_ms": 10_000,
    "grpc.keepalive_timeout_ms": 5_000,
    "grpc.keepalive_permit_without_calls": 1,
  });
  const open = new Map<Stream, Peer>();
  const refuser = createRefuser(WHERE, refused);
  const recheck = (stream: Stream, peer: Peer): void => {
    try {
      desk.admit(peer);
    } catch (error) {
      refuser.end(stream, peer.name, error);
    }
  };
  server.addService(AgentServiceService, {
    session(stream: Stream) {
      try {
        const peer = peerOf(stream);
        desk.admit(peer);
        open.set(stream, peer);
        stream.once("close", () => open.delete(stream));
        serve(stream, peer, refuser, options);
      } catch (error) {
        refuser.end(stream, addressOf(stream.getPeer()), error);
      }
    },
    renew: refuser.unary<RenewRequest, RenewResponse>((call) => renew(call, options)),
  });
  const port = await openTlsPort(server, {
    what: WHERE,
    host: options.host,
    port: options.port,
    option: "--agents-port",
    key: options.tls.key,
    certificate: options.tls.certificate,
    clients: options.tls.authority,
    refused,
  });
  desk.onChange((name) => {
    for (const [stream, peer] of open) if (peer.name === name) recheck(stream, peer);
  });
  const expiry = setInterval(() => {
    for (const [stream, peer] of open) recheck(stream, peer);
  }, options.expiryLookMs ?? EXPIRY_LOOK_MS);
  return {
    port: port.port,
    async stop() {
      clearInterval(expiry);
      // Sessions are streams without an end: a graceful shutdown would wait for ever.
      server.forceShutdown();
      await port.stop();
    },
  };
}

async function renew(
  call: ServerUnaryCall<RenewRequest, RenewResponse>,
  { desk, addresses, log }: SessionServerOptions,
): Promise<RenewResponse> {
  const peer = peerOf(call);
  const issued = await desk.renew(peer, wishFrom(call.request.request));
  log.info({ agent: peer.name, until: new Date(issued.record.expiresMs).toISOString() }, "certificate renewed");
  return { credentials: credentialsMessage(issued, addresses()) };
}

function serve(stream: Stream, peer: Peer, refuser: Refuser, { fleet, desk, log, nowMs }: SessionServerOptions): void {
  const refuse = (code: status, details: string) => endStream(stream, { code, details });
  const outbox = createOutbox(stream, (reason) => refuse(status.RESOURCE_EXHAUSTED, reason));
  let session: FleetSession | null = null;
  let name = peer.name;
  const helloTimer = setTimeout(() => refuse(status.DEADLINE_EXCEEDED, "no hello came"), HELLO_TIMEOUT_MS);

  const receive = (request: SessionRequest): void => {
    const { body } = request;
    if (body === undefined) {
      return;
    }
    if (body.$case === "hello") {
      if (session !== null) {
        throw new DecodeError("a session has one hello");
      }
      if (body.value.clockMs !== undefined) checkClock(Number(body.value.clockMs), nowMs());
      const identity = enrolledIdentity(identityFrom(body.value), desk.admit(peer));
      const id = `${identity.agent}-${identity.instance}`;
      // The welcome is the first message, whatever joining causes to be sent.
      outbox.hold();
      session = fleet.join(identity, {
        send: (message) => outbox.write(responseFrom(message)),
        get writable() {
          return outbox.writable;
        },
        end: (reason) => refuse(status.ABORTED, reason),
      });
      clearTimeout(helloTimer);
      outbox.release(welcomeMessage(id, fleet.timing));
      name = identity.agent;
      log.info({ agent: name, vantage: identity.vantage, version: identity.version }, "agent connected");
    } else if (session === null) {
      throw new DecodeError("the first message of a session is its hello");
    } else if (body.$case === "heartbeat") {
      session.heartbeat(heartbeatFrom(body.value));
    } else if (body.$case === "refusal") {
      session.refusal(refusalFrom(body.value));
    } else if (body.$case === "selfTest") {
      session.selfTest(selfTestFrom(body.value));
    } else {
      session.exchange(exchangeFrom(body));
    }
  };

  stream.on("data", (request: SessionRequest) => {
    try {
      receive(request);
    } catch (error) {
      refuser.end(stream, peer.name, error);
    }
  });
  const close = (why: string): void => {
    clearTimeout(helloTimer);
    outbox.close();
    if (session !== null) {
      log.info({ agent: name, why }, "agent disconnected");
      session.closed();
      session = null;
    }
  };
  stream.on("end", () => {
    stream.end();
    close("ended by the agent");
  });
  stream.on("cancelled", () => close("connection lost"));
  stream.on("close", () => close("closed"));
  stream.on("error", (error: Error) => {
    log.debug({ agent: name, error: error.message }, "agent stream error");
    close(error.message);
  });
}
