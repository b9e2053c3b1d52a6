import { setTimeout as sleep } from "node:timers/promises";
import type { Hello, Refusal } from "../../shared/generated/parallax/agent/v1/session.js";
import { SESSION_PROTOCOL } from "../../shared/lease/protocol.js";
import type { FromAgent } from "../../shared/selftest/exchange.js";
import type { SelfTest } from "../../shared/selftest/self-test.js";
import { createBackoff } from "./backoff.js";
import { type ClientIdentity, createClient } from "./client.js";
import { encodeFromAgent, encodeSelfTest } from "./exchange-messages.js";
import type { SessionHandlers } from "./handlers.js";
import { refusalOf } from "./refused.js";
import { openStream, type Stream, type StreamEnd } from "./stream.js";

export interface SessionOptions {
  /** `host:port`, or `unix:path`. */
  readonly address: string;
  /** The identity to connect with; one that has changed is used from the next stream on. */
  readonly identity: () => ClientIdentity;
  /** Read at each stream: what it says may change. */
  readonly hello: Omit<Hello, "protocol" | "optOuts">;
  readonly handlers: SessionHandlers;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Unix milliseconds. */
  readonly wallMs: () => number;
  readonly random: () => number;
  /** Longest wait between two attempts to connect. */
  readonly mostBackoffMs?: number;
}

export interface Session {
  /** Tells the coordinator that a lease is not worked on; said again until it is known to have arrived. */
  refuse(lease: { readonly lease: string; readonly epoch: number }, reason: string): void;
  /** Tells the coordinator of new marks now, where a session is open. */
  beat(): void;
  /** Tells what the self-test found, if there is a session now, and beats at once: work may follow. */
  selfTest(report: SelfTest): void;
  /** Says something about an exchange of SYNs, if there is a session now. */
  exchange(message: FromAgent): void;
  /** Ends the stream and says hello again on another, with what the hello says then. */
  again(): void;
  /** Rejects with UserError when the coordinator does not want this agent; resolves after `close`. */
  readonly ended: Promise<void>;
  /** Sends a last heartbeat and leaves; waits at most `waitMs` for the acknowledgement. */
  close(waitMs: number): Promise<void>;
}

/** Refusals kept for saying again; beyond that each is said once. */
const MOST_REFUSALS = 1_024;

/** Keeps one session with the coordinator, over as many connections as it takes, always as the same instance. */
export function createSession(options: SessionOptions): Session {
  const { handlers } = options;
  let identity = options.identity();
  let client = createClient(options.address, identity);
  const backoff = createBackoff({ firstMs: 250, mostMs: options.mostBackoffMs ?? 5_000, random: options.random });
  const closing = new AbortController();
  /** By lease; `saidBefore` is the first heartbeat sent after the refusal, null while it was not sent. */
  const refusals = new Map<string, { readonly refusal: Refusal; saidBefore: number | null }>();
  let lastSequence = 0;
  let lastAcknowledged = 0;
  let current: Stream | null = null;
  let welcomed: Stream | null = null;
  let isAgain = false;

  const say = (entry: { readonly refusal: Refusal; saidBefore: number | null }, to: Stream): void => {
    to.write({ body: { $case: "refusal", value: entry.refusal } });
    entry.saidBefore = lastSequence + 1;
  };

  const freshClient = (): typeof client => {
    const newest = options.identity();
    if (newest !== identity) {
      client.close();
      identity = newest;
      client = createClient(options.address, identity);
    }
    return client;
  };

  const oneStream = async (): Promise<StreamEnd> => {
    current = openStream({
      client: freshClient(),
      hello: {
        ...options.hello,
        protocol: SESSION_PROTOCOL,
        optOuts: handlers.heldOptOuts(),
        clockMs: BigInt(Math.round(options.wallMs())),
      },
      nowMs: options.nowMs,
      nextSequence: () => {
        lastSequence += 1;
        return lastSequence;
      },
      onWelcome(welcome, stream) {
        backoff.reset();
        welcomed = stream;
        handlers.welcome({ stopAfterMs: welcome.stopAfterMs });
        for (const entry of refusals.values()) {
          say(entry, stream);
        }
      },
      handlers: {
        ...handlers,
        acknowledged(sequence, coordinatorUs) {
          lastAcknowledged = Math.max(lastAcknowledged, sequence);
          for (const [lease, { saidBefore }] of refusals) {
            if (saidBefore !== null && saidBefore <= sequence) {
              refusals.delete(lease);
            }
          }
          handlers.acknowledged(sequence, coordinatorUs);
        },
      },
    });
    const end = await current.ended;
    current = null;
    welcomed = null;
    return end;
  };

  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      const end = await oneStream();
      if (closing.signal.aborted) {
        break;
      }
      const refusal = refusalOf(options.address, end.code, end.details);
      if (refusal !== null) {
        throw refusal;
      }
      if (isAgain) {
        isAgain = false;
        continue;
      }
      const retryInMs = Math.round(backoff.nextMs());
      handlers.disconnected(end.details, retryInMs);
      await sleep(retryInMs, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  };
  const ended = run().finally(() => client.close());
  ended.catch(() => undefined);

  return {
    ended,
    beat: () => welcomed?.beat(),
    refuse({ lease, epoch }, reason) {
      const entry = { refusal: { lease, epoch: BigInt(epoch), reason }, saidBefore: null };
      if (refusals.size < MOST_REFUSALS) {
        refusals.set(lease, entry);
      }
      if (welcomed !== null) {
        say(entry, welcomed);
      }
    },
    selfTest(report) {
      welcomed?.write({ body: { $case: "selfTest", value: encodeSelfTest(report) } });
      welcomed?.beat();
    },
    exchange(message) {
      welcomed?.write({ body: encodeFromAgent(message) });
    },
    again() {
      isAgain = current !== null;
      current?.cancel();
    },
    async close(waitMs) {
      closing.abort();
      const stream = welcomed;
      if (stream !== null) {
        stream.beat();
        const last = lastSequence;
        const until = options.nowMs() + waitMs;
        while (welcomed === stream && lastAcknowledged < last && options.nowMs() < until) {
          await sleep(10);
        }
        stream.end();
        await Promise.race([stream.ended, sleep(100)]);
      }
      current?.cancel();
      await ended.catch(() => undefined);
    },
  };
}
