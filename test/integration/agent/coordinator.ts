import { Server, type ServerDuplexStream, status } from "@grpc/grpc-js";
import { openTlsPort } from "../../../coordinator/session/tls-port.js";
import {
  AgentServiceService,
  type Heartbeat,
  type Hello,
  type Refusal,
  type SessionRequest,
  type SessionResponse,
} from "../../../shared/generated/parallax/agent/v1/session.js";
import type { TestIdentity } from "../support/identity.js";

/** One stream of an agent, as the coordinator sees it. */
export interface TestSession {
  readonly hello: Hello;
  readonly heartbeats: Heartbeat[];
  readonly refusals: Refusal[];
  send(body: NonNullable<SessionResponse["body"]>): void;
  /** Ends the stream with a status. */
  end(code: status, details: string): void;
}

/** A gRPC server that plays the coordinator and does only what a test tells it to, besides acknowledging heartbeats. */
export interface TestCoordinator {
  readonly address: string;
  readonly sessions: TestSession[];
  /** False: heartbeats are taken in silence. */
  acknowledging: boolean;
  /** Set: every hello is answered with this status. */
  refusal: { code: status; details: string } | null;
  stop(): Promise<void>;
}

export const STOP_AFTER_MS = 600;
const HEARTBEAT_MS = 50;

export async function startCoordinator({ tls }: Pick<TestIdentity, "tls">, port = 0): Promise<TestCoordinator> {
  const server = new Server();
  const sessions: TestSession[] = [];
  const coordinator = { acknowledging: true, refusal: null as TestCoordinator["refusal"] };
  const fail = (stream: ServerDuplexStream<SessionRequest, SessionResponse>, code: status, details: string): void => {
    stream.emit("error", { code, details });
  };
  server.addService(AgentServiceService, {
    renew: (_call: unknown, answer: (error: { code: status; details: string }) => void) =>
      answer({ code: status.UNIMPLEMENTED, details: "this coordinator renews nothing" }),
    session(stream: ServerDuplexStream<SessionRequest, SessionResponse>) {
      let session: TestSession | null = null;
      stream.on("error", () => undefined);
      stream.on("end", () => stream.end());
      stream.on("data", ({ body }: SessionRequest) => {
        if (body?.$case === "hello") {
          if (coordinator.refusal !== null) {
            fail(stream, coordinator.refusal.code, coordinator.refusal.details);
            return;
          }
          session = {
            hello: body.value,
            heartbeats: [],
            refusals: [],
            send: (response) => stream.write({ body: response }),
            end: (code, details) => fail(stream, code, details),
          };
          sessions.push(session);
          stream.write({
            body: {
              $case: "welcome",
              value: {
                session: `s${sessions.length}`,
                heartbeatIntervalMs: HEARTBEAT_MS,
                leaseTtlMs: 1_000,
                stopAfterMs: STOP_AFTER_MS,
              },
            },
          });
        } else if (body?.$case === "heartbeat") {
          session?.heartbeats.push(body.value);
          if (coordinator.acknowledging) {
            stream.write({ body: { $case: "ack", value: { sequence: body.value.sequence } } });
          }
        } else if (body?.$case === "refusal") {
          session?.refusals.push(body.value);
        }
      });
    },
  });
  const open = await openTlsPort(server, {
    ...{ what: "agents", host: "127.0.0.1", port, option: "--agents-port" },
    ...{ key: tls.key, certificate: tls.certificate, clients: tls.authority },
    refused: () => undefined,
  });
  const stop = async () => {
    server.forceShutdown();
    await open.stop();
  };
  return Object.assign(coordinator, { address: `127.0.0.1:${open.port}`, sessions, stop });
}
