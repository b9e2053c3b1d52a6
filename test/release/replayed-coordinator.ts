import { Server, type ServerDuplexStream } from "@grpc/grpc-js";
import type { ServerTls } from "../../coordinator/session/server.js";
import { openTlsPort } from "../../coordinator/session/tls-port.js";
import { type Grant, type Heartbeat, SessionResponse } from "../../shared/generated/parallax/agent/v1/session.js";
import { RAW_SERVICE } from "./raw-service.js";
import type { Recording } from "./recording.js";
import { type AgentBody, agentBody, type CoordinatorBody, coordinatorBody, type Rewrite } from "./replay.js";

/** A coordinator that says to whoever connects what the recorded one said. */
export interface ReplayedCoordinator {
  readonly port: number;
  /** What today's agent says. */
  readonly received: readonly AgentBody[];
  /** The recorded messages that are not sent yet; 0: all are. */
  readonly left: number;
  /** How often an agent has come. */
  readonly sessions: number;
  stop(): Promise<void>;
}

export interface ReplayedCoordinatorOptions {
  readonly recording: Recording;
  readonly tls: ServerTls;
  /** Takes fields away. */
  readonly edit: (body: CoordinatorBody) => CoordinatorBody;
  readonly rewrite: Rewrite;
}

/** A message to be sent when the agent is as far as the recorded one was. */
interface Step {
  readonly body: CoordinatorBody;
  /** Leases that the agent had begun, and those that it had told of as committed to their end. */
  readonly begun: readonly string[];
  readonly finished: readonly string[];
}

/**
 * Heartbeats are acknowledged by their own numbers; everything else is sent as it was recorded, each message when today's
 * agent has begun and finished what the recorded one had by then, and has sent a heartbeat since the one before it.
 */
export async function startReplayedCoordinator(options: ReplayedCoordinatorOptions): Promise<ReplayedCoordinator> {
  const { recording, tls, edit, rewrite } = options;
  const steps = stepsOf(recording);
  const received: AgentBody[] = [];
  const progress = createProgress();
  let sessions = 0;
  const server = new Server();
  server.addService(RAW_SERVICE, {
    session(agent: ServerDuplexStream<Buffer, Buffer>) {
      sessions++;
      const send = (body: CoordinatorBody): void => {
        if (body.$case === "grant") progress.granted(body.value);
        agent.write(rewrite(Buffer.from(SessionResponse.encode({ body: edit(body) }).finish())));
      };
      agent.on("error", () => undefined);
      agent.on("end", () => agent.end());
      agent.on("data", (bytes: Buffer) => {
        const body = agentBody(bytes);
        received.push(body);
        if (body.$case === "heartbeat") {
          progress.heard(body.value);
          send({ $case: "ack", value: { sequence: body.value.sequence } });
        }
        // A plan and its grant belong together, as do several grants.
        for (let step = steps[0]; step !== undefined && progress.isAsFar(step); step = steps[0]) {
          steps.shift();
          send(step.body);
          if (step.body.$case === "pause" || step.body.$case === "optOuts") break;
        }
      });
    },
  });
  const port = await openTlsPort(server, {
    ...{ what: "agents", host: "127.0.0.1", port: 0, option: "--port", refused: () => undefined },
    ...{ key: tls.key, certificate: tls.certificate, clients: tls.authority },
  });
  return {
    port: port.port,
    received,
    get left() {
      return steps.length;
    },
    get sessions() {
      return sessions;
    },
    async stop() {
      server.forceShutdown();
      await port.stop();
    },
  };
}

function stepsOf({ messages }: Recording): Step[] {
  const progress = createProgress();
  const steps: Step[] = [];
  for (const { from, bytes } of messages) {
    if (from === "agent") {
      const body = agentBody(bytes);
      if (body.$case === "heartbeat") progress.heard(body.value);
      continue;
    }
    const body = coordinatorBody(bytes);
    if (body.$case === "grant") progress.granted(body.value);
    if (body.$case !== "ack") steps.push({ body, begun: progress.begun(), finished: progress.finished() });
  }
  return steps;
}

/** How far an agent is, by its heartbeats. */
function createProgress() {
  const grants = new Map<string, Grant>();
  const begun = new Set<string>();
  const finished = new Set<string>();
  return {
    begun: () => [...begun],
    finished: () => [...finished],
    granted: (grant: Grant) => void grants.set(grant.lease, grant),
    heard({ leases }: Heartbeat): void {
      for (const { lease, sent, committed } of leases) {
        const grant = grants.get(lease);
        if (grant === undefined) continue;
        if (sent > grant.from) begun.add(lease);
        if (committed === grant.to) finished.add(lease);
      }
    },
    isAsFar: (step: Step) =>
      step.begun.every((lease) => begun.has(lease)) && step.finished.every((lease) => finished.has(lease)),
  };
}
