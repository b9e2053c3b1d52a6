import { encodeMptcp, type WellFormedMptcp } from "../../shared/option/mptcp-encode.js";
import { encodeTcpOptions, OPTION_TIMESTAMPS, timestampsOf } from "../../shared/option/tcp-options.js";
import { encodeTcpPacket } from "../../shared/packet/encode.js";
import type { TcpHeader } from "../../shared/packet/tcp.js";
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from "../../shared/packet/tcp.js";
import { put32 } from "../../shared/packet/write.js";
import type { Arrival, HostLink, Inbox, Urgency } from "./host-link.js";

export interface FlowOptions {
  readonly link: HostLink;
  /** 16 bytes, of the target's family. */
  readonly source: Uint8Array;
  readonly target: Uint8Array;
  readonly port: number;
  readonly sourcePort: number;
  /** Initial sequence number. */
  readonly sequence: number;
  /** How long its SYN may wait for its turn. */
  readonly synUrgency: Exclude<Urgency, "reset">;
}

export interface SegmentToSend {
  readonly flags: number;
  readonly mptcp?: WellFormedMptcp;
  readonly payload?: Uint8Array;
  /** Sent again from the start of what was sent last. */
  readonly again?: boolean;
}

/** One TCP connection of ours: as much of TCP as a connection of a second and one request needs. */
export interface Flow {
  /** Resolves with the time (Unix ms) at which the segment went out; null when it could not. */
  send(segment: SegmentToSend): Promise<number | null>;
  /** Next segment or ICMP error within `waitMs` that can belong to the connection; null when none came. */
  next(waitMs: number): Promise<Arrival | null>;
  /** Data in order, and what it acknowledges, moves the state on; returns whether the payload was in order and new. */
  take(tcp: TcpHeader): boolean;
  /** Initial sequence number of the other side, once there is one. */
  readonly otherSequence: number;
  /** Data bytes of the other side that came in order. */
  readonly receivedBytes: number;
  /** All data of ours, or more than that, is acknowledged. */
  readonly acked: "none" | "some" | "all" | "too-much";
  /** Sends RST for every state the other side can be in, and stops listening. */
  reset(mptcp?: WellFormedMptcp): Promise<void>;
  close(): void;
}

/** Those of Linux, so that nothing on the way takes offence: MSS, SACK permitted, timestamps, window scale. */
const MSS = 1460;
const WINDOW_SCALE = 7;
/** Enough for the start of an answer: what is beyond it need not be sent to us. */
const WINDOW = 64_240;

export function createFlow(options: FlowOptions): Flow {
  const { link, source, target, port, sourcePort, sequence } = options;
  const inbox: Inbox = link.open(port, sourcePort);
  let sentTo = sequence;
  let lastFrom = sequence;
  let ackedTo = sequence;
  let otherSequence = 0;
  let receiveNext = 0;
  let isConnected = false;
  let hasTimestamps = true;
  let echo = 0;

  function packetOf(from: number, { flags, mptcp, payload }: SegmentToSend): Uint8Array {
    const isSyn = (flags & TCP_SYN) !== 0;
    const stamps = hasTimestamps ? timestamps(link.unixMs(), echo) : [];
    const before = isSyn ? [Uint8Array.of(2, 4, MSS >>> 8, MSS & 0xff), Uint8Array.of(4, 2), ...stamps, SCALE] : stamps;
    const padding = isSyn || stamps.length === 0 ? [] : [NOP, NOP];
    const tcpOptions = encodeTcpOptions([...padding, ...before, ...(mptcp === undefined ? [] : [encodeMptcp(mptcp)])]);
    return encodeTcpPacket(
      { source, destination: target, ttl: 64, id: from & 0xffff },
      {
        sourcePort,
        destinationPort: port,
        sequence: from,
        acknowledgement: (flags & TCP_ACK) === 0 ? 0 : receiveNext,
        flags,
        window: isSyn ? WINDOW : WINDOW >>> WINDOW_SCALE,
        options: tcpOptions,
        ...(payload === undefined ? {} : { payload }),
      },
    );
  }

  function belongs({ flags, acknowledgement, sequence: theirs }: TcpHeader): boolean {
    if ((flags & TCP_ACK) !== 0) return distance(sequence, acknowledgement) <= distance(sequence, sentTo) + SLACK;
    return (flags & TCP_RST) !== 0 && isConnected && theirs === receiveNext;
  }

  return {
    send(segment) {
      const from = segment.again === true ? lastFrom : sentTo;
      const isSyn = (segment.flags & TCP_SYN) !== 0;
      lastFrom = from;
      sentTo = (from + (segment.payload?.length ?? 0) + (isSyn ? 1 : 0)) >>> 0;
      return link.send(packetOf(from, segment), isSyn ? options.synUrgency : "soon");
    },
    async next(waitMs) {
      const untilMs = link.monotonicMs() + waitMs;
      for (;;) {
        const arrival = await inbox.next(untilMs - link.monotonicMs());
        if (arrival === null || arrival.packet.kind !== "tcp" || belongs(arrival.packet.tcp)) return arrival;
      }
    },
    take(tcp) {
      const isSyn = (tcp.flags & TCP_SYN) !== 0;
      const stamps = timestampsOf(tcp.options);
      if (stamps !== null) echo = stamps.value;
      if (isSyn && !isConnected) {
        isConnected = true;
        otherSequence = tcp.sequence;
        receiveNext = (tcp.sequence + 1) >>> 0;
        hasTimestamps = stamps !== null;
      }
      if ((tcp.flags & TCP_ACK) !== 0 && distance(sequence, tcp.acknowledgement) > distance(sequence, ackedTo)) {
        ackedTo = tcp.acknowledgement;
      }
      const isNext = isConnected && !isSyn && tcp.sequence === receiveNext;
      if (!isNext) return false;
      receiveNext = (receiveNext + tcp.payload.length + ((tcp.flags & TCP_FIN) === 0 ? 0 : 1)) >>> 0;
      return tcp.payload.length > 0;
    },
    get otherSequence() {
      return otherSequence;
    },
    get receivedBytes() {
      return isConnected ? distance(otherSequence + 1, receiveNext) : 0;
    },
    get acked() {
      const acked = distance(sequence, ackedTo);
      const sent = distance(sequence, sentTo);
      if (acked > sent) return "too-much";
      return acked === sent ? "all" : acked > 1 ? "some" : "none";
    },
    async reset(mptcp) {
      const option = mptcp === undefined ? {} : { mptcp };
      // A host that lost some data takes a RST at the place it waits for (RFC 5961 section 3.2).
      const places = new Set([sentTo, ackedTo === sequence ? (sequence + 1) >>> 0 : ackedTo]);
      for (const at of places) {
        await link.send(packetOf(at, { flags: isConnected ? TCP_RST | TCP_ACK : TCP_RST, ...option }), "reset");
      }
      inbox.close();
    },
    close: () => inbox.close(),
  };
}

/** How much more than was sent may be acknowledged: a box that adds to the data is to be seen, not taken for a forgery. */
const SLACK = 4096;
const NOP = Uint8Array.of(1);
const SCALE = Uint8Array.of(1, 3, 3, WINDOW_SCALE);

function timestamps(unixMs: number, echo: number): Uint8Array[] {
  const bytes = new Uint8Array(10);
  bytes[0] = OPTION_TIMESTAMPS;
  bytes[1] = bytes.length;
  put32(bytes, 2, Math.floor(unixMs) % 2 ** 32);
  put32(bytes, 6, echo);
  return [bytes];
}

/** From `from` on to `to` in the circle of sequence numbers. */
function distance(from: number, to: number): number {
  return (to - from) >>> 0;
}
