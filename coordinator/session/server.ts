import { createHash, timingSafeEqual } from "node:crypto";
import {
  logVerbosity,
  type Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServiceError,
  setLogVerbosity,
  status,
} from "@grpc/grpc-js";
import type { Logger } from "pino";
import { DecodeError, UserError } from "../../shared/errors.js";
import {
  AgentServiceService,
  type SessionRequest,
  type SessionResponse,
} from "../../shared/generated/parallax/agent/v1/session.js";
import { MAX_SESSION_MESSAGE_BYTES } from "../../shared/lease/protocol.js";
import { SessionRefused } from "./agent.js";
import { heartbeatFrom, identityFrom, refusalFrom, responseFrom, welcomeMessage } from "./convert.js";
import type { Fleet, FleetSession } from "./fleet.js";
import { createOutbox } from "./outbox.js";

/** A stream that has not said hello by then is ended. */
const HELLO_TIMEOUT_MS = 10_000;

export interface SessionServerOptions {
  /** `host:port` (port 0: any free one) or `unix:/path`. */
  readonly bind: string;
  /** What agents must show as `authorization: Bearer TOKEN`. */
  readonly token: string;
  readonly fleet: Fleet;
  readonly log: Logger;
}

export interface SessionServer {
  /** The port it listens on; 0 for a Unix socket. */
  readonly port: number;
  /** Ends all sessions and stops listening. */
  stop(): Promise<void>;
}

type Stream = ServerDuplexStream<SessionRequest, SessionResponse>;

/** Listens for agents. Rejects with UserError when the address cannot be bound. */
export async function startSessionServer(options: SessionServerOptions): Promise<SessionServer> {
  const { bind, fleet, log } = options;
  // grpc-js would print what is thrown or logged here once more, for the whole process.
  setLogVerbosity(logVerbosity.NONE);
  const server = new Server({
    "grpc.max_receive_message_length": MAX_SESSION_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_SESSION_MESSAGE_BYTES,
    "grpc.keepalive_time_ms": 10_000,
    "grpc.keepalive_timeout_ms": 5_000,
    "grpc.keepalive_permit_without_calls": 1,
  });
  const wanted = digest(`Bearer ${options.token}`);
  server.addService(AgentServiceService, {
    session(stream: Stream) {
      if (!timingSafeEqual(digest(bearer(stream.metadata)), wanted)) {
        refuse(stream, status.UNAUTHENTICATED, "wrong or missing agent token; copy it from the coordinator again");
        return;
      }
      serve(stream, fleet, log);
    },
  });
  const port = await listen(server, bind);
  return {
    port,
    async stop() {
      // Sessions are streams without an end: a graceful shutdown would wait for ever.
      server.forceShutdown();
    },
  };
}

function serve(stream: Stream, fleet: Fleet, log: Logger): void {
  const outbox = createOutbox(stream, (reason) => refuse(stream, status.RESOURCE_EXHAUSTED, reason));
  let session: FleetSession | null = null;
  let name = stream.getPeer();
  const helloTimer = setTimeout(() => refuse(stream, status.DEADLINE_EXCEEDED, "no hello came"), HELLO_TIMEOUT_MS);

  const receive = (request: SessionRequest): void => {
    const { body } = request;
    if (body === undefined) {
      return;
    }
    if (body.$case === "hello") {
      if (session !== null) {
        throw new DecodeError("a session has one hello");
      }
      const identity = identityFrom(body.value);
      const id = `${identity.agent}-${identity.instance}`;
      // The welcome is the first message, whatever joining causes to be sent.
      outbox.hold();
      session = fleet.join(identity, {
        send: (message) => outbox.write(responseFrom(message)),
        get writable() {
          return outbox.writable;
        },
        end: (reason) => refuse(stream, status.ABORTED, reason),
      });
      clearTimeout(helloTimer);
      outbox.release(welcomeMessage(id, fleet.timing));
      name = identity.agent;
      log.info({ agent: name, vantage: identity.vantage, version: identity.version }, "agent connected");
    } else if (session === null) {
      throw new DecodeError("the first message of a session is its hello");
    } else if (body.$case === "heartbeat") {
      session.heartbeat(heartbeatFrom(body.value));
    } else {
      session.refusal(refusalFrom(body.value));
    }
  };

  stream.on("data", (request: SessionRequest) => {
    try {
      receive(request);
    } catch (error) {
      const [code, message] = statusOf(error);
      log.warn({ agent: name, error: message }, "agent session refused");
      refuse(stream, code, message);
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

function statusOf(error: unknown): [code: status, message: string] {
  if (error instanceof SessionRefused) {
    switch (error.kind) {
      case "invalid":
        return [status.INVALID_ARGUMENT, error.message];
      case "version":
        return [status.FAILED_PRECONDITION, error.message];
      case "name-taken":
        return [status.ALREADY_EXISTS, error.message];
    }
  }
  if (error instanceof DecodeError) {
    return [status.INVALID_ARGUMENT, error.message];
  }
  return [status.INTERNAL, error instanceof Error ? error.message : String(error)];
}

/** Ends a stream with a status; grpc-js takes it as an error on the server's side of the stream. */
function refuse(stream: Stream, code: status, details: string): void {
  const error: Partial<ServiceError> = { code, details };
  stream.emit("error", error);
}

function bearer(metadata: Metadata): string {
  const [value] = metadata.get("authorization");
  return typeof value === "string" ? value : "";
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function reasonOf({ message }: Error): string {
  return message.includes("EADDRINUSE") ? "it is in use" : message;
}

function listen(server: Server, bind: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(bind, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) {
        resolve(port);
        return;
      }
      reject(
        new UserError(`cannot listen for agents on ${bind}: ${reasonOf(error)}`, {
          remedy: "choose another one with --agents-port or stop what uses it",
          cause: error,
        }),
      );
    });
  });
}
