import type { ServiceError } from "@grpc/grpc-js";
import { type ClientIdentity, createClient } from "../../../agent/session/client.js";
import type {
  Grant,
  Hello,
  LeaseMarks,
  SessionRequest,
  SessionResponse,
} from "../../../shared/generated/parallax/agent/v1/session.js";

const HELLO: Hello = {
  agent: "fra-1",
  vantage: "fra",
  labels: { web: "80" },
  version: "0.1.0",
  protocol: 1,
  instance: "life-1",
  ipv4: true,
  ipv6: true,
  maxPps: 1_000_000,
  yields: false,
  selfTests: false,
  referenceAddresses: [],
  opened: ["198.18.0.0/15", "2001:db8::/32"],
  spool: "disk-1",
  optOuts: "",
};

/** A session as an agent would hold it, by hand. */
export interface Player {
  readonly received: SessionResponse[];
  /** What its heartbeats say of the opt-outs that hold there. */
  optOuts: bigint;
  /** Grants that came and were not revoked. */
  readonly grants: Map<string, Grant>;
  /** Status and message with which the session ended. */
  readonly ended: Promise<{ code: number; details: string }>;
  send(body: NonNullable<SessionRequest["body"]>): void;
  /** Returns its sequence number. */
  heartbeat(leases?: LeaseMarks[]): bigint;
  /** Resolves with the first message of a kind, past or future. */
  next<K extends Kind>(kind: K): Promise<Extract<Body, { $case: K }>["value"]>;
  close(): void;
}

type Body = NonNullable<SessionResponse["body"]>;
type Kind = Body["$case"];

export function connect(port: number, identity: ClientIdentity, hello: Partial<Hello> | null = {}): Player {
  const client = createClient(`127.0.0.1:${port}`, identity);
  const stream = client.session();
  const received: SessionResponse[] = [];
  const grants = new Map<string, Grant>();
  const waiters: { kind: Kind; resolve: (value: never) => void }[] = [];
  let sequence = 0n;

  stream.on("data", (message: SessionResponse) => {
    received.push(message);
    const { body } = message;
    if (body?.$case === "grant") {
      grants.set(body.value.lease, body.value);
    }
    if (body?.$case === "revoke") {
      grants.delete(body.value.lease);
    }
    for (const waiter of waiters.splice(0)) {
      if (waiter.kind === body?.$case) {
        waiter.resolve(body.value as never);
      } else {
        waiters.push(waiter);
      }
    }
  });
  const ended = new Promise<{ code: number; details: string }>((resolve) => {
    stream.on("error", (error: ServiceError) => resolve({ code: error.code, details: error.details }));
    stream.on("end", () => resolve({ code: 0, details: "" }));
  }).finally(() => client.close());

  const player: Player = {
    optOuts: 0n,
    received,
    grants,
    ended,
    send(body) {
      stream.write({ body });
    },
    heartbeat(leases = []) {
      sequence++;
      player.send({ $case: "heartbeat", value: { sequence, leases, optOuts: player.optOuts } });
      return sequence;
    },
    next(kind) {
      const found = received.find((message) => message.body?.$case === kind)?.body;
      return found !== undefined
        ? Promise.resolve(found.value as never)
        : new Promise((resolve) => waiters.push({ kind, resolve }));
    },
    close() {
      stream.cancel();
    },
  };
  if (hello !== null) {
    player.send({ $case: "hello", value: { ...HELLO, ...hello } });
  }
  return player;
}
