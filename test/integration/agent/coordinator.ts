import { Server, ServerCredentials, type ServerDuplexStream, status } from "@grpc/grpc-js";
import {
  AgentServiceService,
  type Heartbeat,
  type Hello,
  type Refusal,
  type SessionRequest,
  type SessionResponse,
} from "../../../shared/generated/parallax/agent/v1/session.js";

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
  stop(): void;
}

export const TOKEN = "agent-token";
export const STOP_AFTER_MS = 600;
const HEARTBEAT_MS = 50;

export async function startCoordinator(bind = "127.0.0.1:0"): Promise<TestCoordinator> {
  const server = new Server();
  const sessions: TestSession[] = [];
  const coordinator = { acknowledging: true, refusal: null as TestCoordinator["refusal"] };
  const fail = (stream: ServerDuplexStream<SessionRequest, SessionResponse>, code: status, details: string): void => {
    stream.emit("error", { code, details });
  };
  server.addService(AgentServiceService, {
    session(stream: ServerDuplexStream<SessionRequest, SessionResponse>) {
      if (stream.metadata.get("authorization")[0] !== `Bearer ${TOKEN}`) {
        fail(stream, status.UNAUTHENTICATED, "wrong or missing agent token; copy it from the coordinator again");
        return;
      }
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
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(bind, ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return Object.assign(coordinator, { address: `127.0.0.1:${port}`, sessions, stop: () => server.forceShutdown() });
}
