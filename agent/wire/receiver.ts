import { DecodeError } from "../../shared/errors.js";
import { decodePacket, type Packet } from "../../shared/packet/decode.js";
import { createQuotedSegment, type QuotedSegment, readQuotedSegment } from "../../shared/packet/quoted-segment.js";
import { createSegment, readSegment, type Segment } from "../../shared/packet/segment.js";
import type { ReplyMatch, ReplyMatcher } from "../../shared/probe/match.js";
import type { Stage } from "../../shared/probe/variant.js";
import type { Clock } from "./clock.js";
import type { ReceivePort } from "./port.js";

/** One answer to one probe. All bytes in it are views into the receive ring, valid during the call only. */
export interface Reply {
  readonly packet: Packet;
  readonly match: ReplyMatch;
  /** The whole packet. */
  readonly bytes: Uint8Array;
  /** Unix microseconds. */
  readonly capturedUs: number;
}

export interface Subscription {
  /** Engines of one campaign share one matcher object: then a packet is hashed once for all of them. */
  readonly matcher: ReplyMatcher;
  readonly stage: Stage;
  /** Returns whether the reply is to a target of the subscriber's. */
  onReply(reply: Reply): boolean;
  /**
   * Where there is one, it gets the answers that are nothing but a TCP header, in place of `onReply`; `variant` is a
   * number in VARIANTS. Valid during the call only.
   */
  onSegment?(segment: Segment, variant: number, capturedUs: number): boolean;
  /**
   * Where there is one, it gets a router's plain quote of a segment first. False: it is not, or not only, a quote of a
   * probe of the subscriber's as it was sent, and `onReply` is to see it. Valid during the call only.
   */
  onQuoted?(quoted: QuotedSegment, capturedUs: number): boolean;
}

interface ReceiverStats {
  /** Packets that answer a probe of a subscriber. */
  readonly replies: number;
  /** Answers to probes of a campaign at work here, but of no lease that is held now. */
  readonly unclaimed: number;
  /** Packets that answer no probe: other traffic, other campaigns, forgeries. */
  readonly foreign: number;
  readonly malformed: number;
}

/** The one receive loop of a port; engines subscribe for as long as they run. */
export interface Receiver {
  subscribe(subscription: Subscription): () => void;
  /** Receives until `signal` is aborted. Rejects with what a subscriber throws. */
  run(signal: AbortSignal): Promise<void>;
  stats(): ReceiverStats;
  /** Hands on some of what waits in the port, now, between two turns of `run`. */
  receiveNow(): void;
  /** Monotonic ms: all that the port had to give at this time was handed on. */
  readonly emptiedAtMs: number;
}

const BUDGET = 512;
/** A packet that comes in ends the wait, as the end of the run does: looking more often would only take time from sending. */
const WAIT_MS = 1000;

export function createReceiver(options: { port: ReceivePort; clock: Pick<Clock, "yield" | "monotonicMs"> }): Receiver {
  const { port, clock } = options;
  /** Subscribers by what it takes to match a packet for them. */
  const groups: { matcher: ReplyMatcher; stage: Stage; members: Subscription[] }[] = [];
  const segment = createSegment();
  const quoted = createQuotedSegment();
  const stats = { replies: 0, unclaimed: 0, foreign: 0, malformed: 0 };
  let emptiedAtMs = Number.NEGATIVE_INFINITY;

  function handle(bytes: Uint8Array, capturedUs: number): void {
    if (readSegment(bytes, segment)) {
      if (handleSegment(capturedUs)) return;
    } else if (readQuotedSegment(bytes, quoted) && handleQuoted(capturedUs)) return;
    try {
      dispatch(decodePacket(bytes), bytes, capturedUs);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      stats.malformed++;
    }
  }

  /** The way of nearly all packets, which makes nothing; false when the segment is for somebody who wants more of it. */
  function handleSegment(capturedUs: number): boolean {
    for (const { matcher, stage, members } of groups) {
      const variant = matcher.matchSegment(segment, stage);
      if (variant < 0) continue;
      for (const member of members) {
        if (member.onSegment === undefined) return false;
        if (member.onSegment(segment, variant, capturedUs)) {
          stats.replies++;
          return true;
        }
      }
      stats.unclaimed++;
      return true;
    }
    stats.foreign++;
    return true;
  }

  function handleQuoted(capturedUs: number): boolean {
    for (const { members } of groups) {
      for (const member of members) {
        if (member.onQuoted?.(quoted, capturedUs) !== true) continue;
        stats.replies++;
        return true;
      }
    }
    return false;
  }

  function dispatch(packet: Packet, bytes: Uint8Array, capturedUs: number): void {
    for (const { matcher, stage, members } of groups) {
      const match = matcher.match(packet, stage);
      if (match === null) continue;
      const reply = { packet, match, bytes, capturedUs };
      if (members.some((member) => member.onReply(reply))) stats.replies++;
      else stats.unclaimed++;
      return;
    }
    stats.foreign++;
  }

  function receive(): number {
    const atMs = clock.monotonicMs();
    const taken = port.receive(handle, BUDGET);
    if (taken < BUDGET) emptiedAtMs = atMs;
    return taken;
  }

  return {
    subscribe(subscription) {
      const { matcher, stage } = subscription;
      let group = groups.find((one) => one.matcher === matcher && one.stage === stage);
      if (group === undefined) {
        group = { matcher, stage, members: [] };
        groups.push(group);
      }
      const { members } = group;
      members.push(subscription);
      return () => {
        const at = members.indexOf(subscription);
        if (at >= 0) members.splice(at, 1);
        const empty = groups.findIndex((one) => one.members.length === 0);
        if (empty >= 0) groups.splice(empty, 1);
      };
    },
    async run(signal) {
      let end = (): void => {};
      const onAbort = (): void => end();
      signal.addEventListener("abort", onAbort);
      try {
        while (!signal.aborted) {
          if (receive() > 0) await clock.yield();
          else {
            await new Promise<void>((resolve, reject) => {
              end = resolve;
              port.wait(WAIT_MS).then(() => resolve(), reject);
            });
          }
        }
      } finally {
        signal.removeEventListener("abort", onAbort);
      }
    },
    stats: () => ({ ...stats }),
    receiveNow() {
      receive();
    },
    get emptiedAtMs() {
      return emptiedAtMs;
    },
  };
}
