import { setTimeout as sleep } from "node:timers/promises";
import { Client, type ClientDuplexStream, credentials } from "@grpc/grpc-js";
import type { AgentIdentity } from "../../agent/identity/identity.js";
import { channelTo } from "../../agent/session/client.js";
import { type Grant, type LeaseMarks, SessionRequest } from "../../shared/generated/parallax/agent/v1/session.js";
import { RAW_SESSION } from "./raw-service.js";
import type { Recording } from "./recording.js";
import { type AgentBody, agentBody, type CoordinatorBody, coordinatorBody, placeIn, type Rewrite } from "./replay.js";

/** What a recorded agent's messages came to with a coordinator of today. */
export interface ReplayedAgent {
  /** Resolves when all its messages are sent; rejects when the coordinator ended the session, or one that they follow never came. */
  readonly done: Promise<void>;
  readonly received: readonly CoordinatorBody[];
  close(): void;
}

export interface ReplayedAgentOptions {
  readonly recording: Recording;
  readonly identity: AgentIdentity;
  /** `host:port` */
  readonly coordinator: string;
  /** Takes fields away. */
  readonly edit: (body: AgentBody) => AgentBody;
  readonly rewrite: Rewrite;
  /** Messages of the coordinator that the recorded agent's followed. */
  readonly awaited: readonly CoordinatorBody["$case"][];
}

const WITHIN_MS = 30_000;

/**
 * Says what the recorded agent said, each message after what had come before it then. Other are only what today's
 * coordinator names by itself: leases, epochs and intervals, where a mark is the same share of its lease; and the time.
 */
export function replayAgent(options: ReplayedAgentOptions): ReplayedAgent {
  const { identity, coordinator, recording, edit, rewrite, awaited } = options;
  const pem = (text: string) => Buffer.from(text);
  const secure = credentials.createSsl(pem(identity.authority), pem(identity.key), pem(identity.certificate));
  const client = new Client(coordinator, secure, channelTo(coordinator));
  const { path, requestSerialize, responseDeserialize } = RAW_SESSION;
  const stream: ClientDuplexStream<Buffer, Buffer> = client.makeBidiStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
  );
  const received: CoordinatorBody[] = [];
  let ended: string | null = null;
  stream.on("data", (bytes: Buffer) => received.push(coordinatorBody(bytes)));
  stream.on("error", (error) => {
    ended = error.message;
  });
  stream.on("end", () => {
    ended ??= "ended by the coordinator";
  });

  const done = play();
  done.catch(() => undefined);
  return {
    done,
    received,
    close() {
      stream.cancel();
      client.close();
    },
  };

  async function play(): Promise<void> {
    const before: CoordinatorBody[] = [];
    for (const { from, bytes } of recording.messages) {
      if (from === "coordinator") {
        before.push(coordinatorBody(bytes));
        continue;
      }
      await until(() => awaited.every((kind) => countOf(received, kind) >= countOf(before, kind)), before);
      const body = edit(atPresent(agentBody(bytes), grantsIn(before), grantsIn(received)));
      stream.write(rewrite(Buffer.from(SessionRequest.encode({ body }).finish())));
    }
  }

  async function until(isSo: () => boolean, before: readonly CoordinatorBody[]): Promise<void> {
    for (const end = Date.now() + WITHIN_MS; !isSo(); await sleep(5)) {
      if (ended !== null) throw new Error(`the session ended: ${ended}`);
      if (Date.now() > end) {
        const counts = awaited.map((kind) => `${countOf(received, kind)} of ${countOf(before, kind)} ${kind}`);
        throw new Error(`what the recorded agent had been told does not come: ${counts.join(", ")}`);
      }
    }
  }
}

function atPresent(body: AgentBody, recorded: readonly Grant[], present: readonly Grant[]): AgentBody {
  if (body.$case === "hello" && body.value.clockMs !== undefined) {
    return { ...body, value: { ...body.value, clockMs: BigInt(Date.now()) } };
  }
  if (body.$case !== "heartbeat") return body;
  const leases = body.value.leases.map((marks): LeaseMarks => {
    const number = recorded.findIndex(({ lease }) => lease === marks.lease);
    const [then, now] = [recorded[number], present[number]];
    if (then === undefined || now === undefined) throw new Error(`lease ${marks.lease} was never granted`);
    const at = (mark: bigint) => placeIn(then, now, mark);
    const endsAt = marks.endsAt === undefined ? {} : { endsAt: at(marks.endsAt) };
    const { sent, done, committed } = marks;
    return { lease: now.lease, epoch: now.epoch, sent: at(sent), done: at(done), committed: at(committed), ...endsAt };
  });
  return { ...body, value: { ...body.value, leases } };
}

function grantsIn(bodies: readonly CoordinatorBody[]): Grant[] {
  return bodies.flatMap((body) => (body.$case === "grant" ? [body.value] : []));
}

function countOf(bodies: readonly CoordinatorBody[], kind: CoordinatorBody["$case"]): number {
  return bodies.filter(({ $case }) => $case === kind).length;
}
