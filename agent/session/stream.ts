import { type ServiceError, status } from "@grpc/grpc-js";
import { DecodeError } from "../../shared/errors.js";
import type {
  AgentServiceClient,
  Hello,
  SessionRequest,
  SessionResponse,
  Welcome,
} from "../../shared/generated/parallax/agent/v1/session.js";
import { decodeHeard, decodeListen, decodeReference } from "./exchange-messages.js";
import type { SessionHandlers } from "./handlers.js";
import { decodeGrant, decodeOptOuts, decodePlan, encodeMarks, encodeStats } from "./messages.js";

/** How one stream ended. */
export interface StreamEnd {
  readonly welcomed: boolean;
  readonly code: status;
  readonly details: string;
}

export interface StreamOptions {
  readonly client: AgentServiceClient;
  readonly hello: Hello;
  readonly handlers: SessionHandlers;
  readonly nowMs: () => number;
  /** The number of the next heartbeat; they go on over all streams of a process. */
  readonly nextSequence: () => number;
  readonly onWelcome: (welcome: Welcome, stream: Stream) => void;
}

/** One stream of a session, from Hello to its end. */
export interface Stream {
  write(request: SessionRequest): void;
  /** Sends a heartbeat now, unless the last ones still wait to be written; the next is due an interval later. */
  beat(): void;
  /** Half-closes: the coordinator ends the stream. */
  end(): void;
  cancel(): void;
  readonly ended: Promise<StreamEnd>;
}

/** A coordinator that says nothing at all for so long before its Welcome is not there. */
const WELCOME_WITHIN_MS = 10_000;
const SHORTEST_INTERVAL_MS = 20;

export function openStream(options: StreamOptions): Stream {
  const { handlers, nowMs } = options;
  const call = options.client.session();
  let welcomed = false;
  let silentMs = WELCOME_WITHIN_MS;
  let heardAt = nowMs();
  let silent = false;
  let beats: NodeJS.Timeout | null = null;
  let ended = false;
  let intervalMs = 0;

  const stream: Stream = {
    write: (request) => {
      call.write(request);
    },
    beat() {
      if (ended) return;
      clearTimeout(beats ?? undefined);
      beats = setTimeout(stream.beat, intervalMs);
      if (call.writableNeedDrain || call.writableEnded) {
        return;
      }
      const sequence = options.nextSequence();
      const { leases, stats, optOuts } = handlers.heartbeat(sequence);
      call.write({
        body: {
          $case: "heartbeat",
          value: {
            sequence: BigInt(sequence),
            leases: leases.map(encodeMarks),
            stats: encodeStats(stats),
            optOuts: BigInt(optOuts),
          },
        },
      });
    },
    end: () => {
      call.end();
    },
    cancel: () => {
      call.cancel();
    },
    ended: new Promise((resolve) => {
      const end = (code: status, details: string): void => {
        clearInterval(watchdog);
        ended = true;
        clearTimeout(beats ?? undefined);
        resolve({ welcomed, code, details: silent ? `the coordinator was silent for ${silentMs} ms` : details });
      };
      call.on("error", (error: ServiceError) => end(error.code, error.details));
      call.on("end", () => end(status.UNAVAILABLE, "the coordinator ended the session"));
    }),
  };

  // A connection that is cut without a word: keepalive finds most of these, silence finds all.
  const watchdog = setInterval(() => {
    if (nowMs() - heardAt > silentMs) {
      silent = true;
      call.cancel();
    }
  }, 500);

  call.on("data", ({ body }: SessionResponse) => {
    heardAt = nowMs();
    switch (body?.$case) {
      case "welcome": {
        welcomed = true;
        silentMs = body.value.stopAfterMs;
        options.onWelcome(body.value, stream);
        intervalMs = Math.max(SHORTEST_INTERVAL_MS, body.value.heartbeatIntervalMs);
        stream.beat();
        break;
      }
      case "ack":
        handlers.acknowledged(
          Number(body.value.sequence),
          body.value.clockUs === undefined ? null : Number(body.value.clockUs),
        );
        break;
      case "plan": {
        const plan = decoded(() => decodePlan(body.value), handlers);
        if (plan !== null) {
          handlers.plan(plan);
        }
        break;
      }
      case "grant": {
        const grant = decoded(() => decodeGrant(body.value), handlers);
        if (grant !== null) {
          handlers.grant(grant);
        }
        break;
      }
      case "revoke":
        handlers.revoke(body.value.lease, body.value.reason);
        break;
      case "yield":
        handlers.yield(body.value.lease);
        break;
      case "pause":
        handlers.pause(body.value.campaign, body.value.paused);
        break;
      case "optOuts":
        decoded(() => handlers.optOuts(decodeOptOuts(body.value)), handlers);
        break;
      case "listen":
        decoded(() => handlers.exchange?.listen(decodeListen(body.value)), handlers);
        break;
      case "reference":
        decoded(() => handlers.exchange?.answered(decodeReference(body.value)), handlers);
        break;
      case "heard":
        decoded(() => handlers.exchange?.heard(decodeHeard(body.value)), handlers);
        break;
      case undefined:
        // A message of a newer coordinator.
        break;
    }
  });
  call.write({ body: { $case: "hello", value: options.hello } });
  return stream;
}

function decoded<T>(decode: () => T, handlers: SessionHandlers): T | null {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof DecodeError)) {
      throw error;
    }
    handlers.problem(`the coordinator sent something unusable: ${error.message}`);
    return null;
  }
}
