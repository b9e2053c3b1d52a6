import { addressFamily } from "../../shared/address/address.js";
import { DecodeError, UserError } from "../../shared/errors.js";
import type { Packet } from "../../shared/packet/decode.js";
import { decodePacket } from "../../shared/packet/decode.js";
import { decodeIp, PROTOCOL_TCP, u16 } from "../../shared/packet/ip.js";
import { createProbeFieldValues } from "../../shared/probe/fields.js";
import { FIRST_HANDSHAKE_PORT, LAST_HANDSHAKE_PORT } from "../../shared/probe/handshake-ports.js";
import type { ReplyMatch, ReplyMatcher } from "../../shared/probe/match.js";
import { VARIANTS, type Variant } from "../../shared/probe/variant.js";
import type { Target } from "../../shared/target/source.js";
import { createHostWalk, type HostWalkOptions, hostId } from "../hosts/walk.js";
import type { Pacer } from "../rate/pacer.js";
import type { Engine, EngineOptions } from "../wire/engine.js";
import type { SendPort } from "../wire/port.js";
import type { Reply } from "../wire/receiver.js";
import { createInbox, type HostLink } from "./host-link.js";
import { handshakeRow } from "./row.js";
import { type HandshakeVariant, verifyTarget } from "./verify-target.js";

export interface VerifyOptions
  extends Omit<EngineOptions, "matcher" | "profile">,
    Pick<HostWalkOptions, "busyHosts" | "isSkipped"> {
  /** Shared by all engines of the interface. */
  readonly port: SendPort;
  readonly pacer: Pacer;
  /** Under the same rate, but open also while the agent may not send: for resets. */
  readonly resetPacer: Pacer;
  /** Source addresses, 16 bytes; null where the vantage point has none of the family. */
  readonly source4: Uint8Array | null;
  readonly source6: Uint8Array | null;
  /** Before the first packet; rejects with UserError when handshakes cannot be made here. */
  readonly prepare: () => Promise<void>;
}

/** Hosts talked to at the same time, at most. */
const MOST_HOSTS = 512;
/** What one host can ask of the rate in a second, resets and all. */
const PACKETS_PER_HOST = 16;
const IDLE_PAUSE_MS = 2;
/** What is to go soon and did not in this time is given up. */
const SOON_MS = 300;
/** Resets may go out for so long after the end of the run. */
const LAST_RESETS_MS = 1000;

interface Waiting {
  readonly packet: Uint8Array;
  /** Monotonic ms. */
  readonly untilMs: number;
  readonly sent: (unixMs: number | null) => void;
}

/**
 * The handshakes of one lease: some hundred hosts at a time, each with one connection, which is reset within a second.
 * What is sent waits in one queue for the rate; resets go first.
 */
export function createVerify(options: VerifyOptions): Engine {
  const { port, pacer, clock, fields } = options;
  const walk = createHostWalk({ ...options, mostParked: MOST_HOSTS, work });
  const variants = options.variants.filter((one): one is HandshakeVariant => one === "v0" || one === "v1");
  const inboxes = new Map<string, ReturnType<typeof createInbox> & { readonly variant: Variant }>();
  const outbox: Waiting[] = [];
  const resets: Waiting[] = [];
  const counters = { packets: 0, replies: 0, duplicates: 0, late: 0 };
  let isOver = false;

  const matcher: ReplyMatcher = {
    match: (packet) => matchPacket(packet),
    matchSegment({ destinationPort, source: address, sourcePort }) {
      const inbox = isHandshakePort(destinationPort) ? inboxes.get(flowId(address, sourcePort, destinationPort)) : null;
      return inbox == null ? -1 : VARIANTS.indexOf(inbox.variant);
    },
    sentTimeOf: () => null,
  };

  function matchPacket(packet: Packet): ReplyMatch | null {
    const flow = packet.kind === "tcp" ? tcpFlow(packet) : packet.kind === "icmp-error" ? quotedFlow(packet) : null;
    if (flow === null || !isHandshakePort(flow.sourcePort)) return null;
    const inbox = inboxes.get(flowId(flow.address, flow.port, flow.sourcePort));
    if (inbox === undefined) return null;
    return { variant: inbox.variant, address: flow.address, port: flow.port, ttl: null, sentTimeMs26: null };
  }

  function onReply({ packet, bytes, capturedUs }: Reply): boolean {
    const flow = packet.kind === "tcp" ? tcpFlow(packet) : packet.kind === "icmp-error" ? quotedFlow(packet) : null;
    const inbox = flow === null ? undefined : inboxes.get(flowId(flow.address, flow.port, flow.sourcePort));
    if (inbox === undefined) return false;
    const copy = bytes.slice();
    const own = decodePacket(copy);
    if (own.kind !== "other") inbox.put({ packet: own, bytes: copy, capturedUs });
    return true;
  }

  function linkTo(target: Target, variant: Variant): HostLink {
    return {
      send: (packet, urgency) =>
        new Promise((sent) => {
          const untilMs = urgency === "soon" ? clock.monotonicMs() + SOON_MS : Number.POSITIVE_INFINITY;
          if (urgency === "reset") resets.push({ packet, sent, untilMs });
          else if (isOver || options.isSkipped(target.address)) sent(null);
          else outbox.push({ packet, sent, untilMs });
        }),
      open(hostPort, sourcePort) {
        const id = flowId(target.address, hostPort, sourcePort);
        const inbox = { ...createInbox(clock, () => inboxes.delete(id)), variant };
        inboxes.set(id, inbox);
        return inbox;
      },
      get isOver() {
        return isOver;
      },
      unixMs: clock.unixMs,
      monotonicMs: clock.monotonicMs,
    };
  }

  async function work(index: number, target: Target): Promise<boolean> {
    const from = addressFamily(target.address) === 4 ? options.source4 : options.source6;
    if (from === null) throw noSource(addressFamily(target.address));
    for (const variant of variants) {
      if (isOver || options.isSkipped(target.address)) break;
      const values = createProbeFieldValues();
      fields.compute("verify", variant, target.address, target.port, values);
      const patience = { retries: options.retries, waitMs: options.replyWindowMs };
      const link = linkTo(target, variant);
      const evidence = await verifyTarget({ link, source: from, target, variant, fields: values, patience });
      // What was cut short says nothing: the index is asked again.
      if (isOver) break;
      const row = handshakeRow({ source: options.sourceId, index, target, variant, evidence });
      if (row !== null) {
        options.emit(row, "arrival" in evidence.answer ? evidence.answer.arrival.bytes : NOTHING);
        counters.replies++;
      }
    }
    return !isOver;
  }

  async function sendBatch(queue: Waiting[], gate: Pacer, signal: AbortSignal): Promise<void> {
    if (queue.length === 0) {
      await clock.sleep(IDLE_PAUSE_MS);
      return;
    }
    const permitted = await gate.permit(Math.min(port.slots, queue.length), signal);
    // Something may have been given up in the meantime.
    const batch = queue.splice(0, permitted);
    for (const [slot, { packet }] of batch.entries()) {
      port.slot(slot).set(packet);
      port.setLength(slot, packet.length);
    }
    const taken = batch.length === 0 ? 0 : port.send(batch.length);
    const unixMs = clock.unixMs();
    for (const { sent } of batch.slice(0, taken)) sent(unixMs);
    queue.unshift(...batch.slice(taken));
    counters.packets += taken;
    gate.giveBack(permitted - taken);
    if (taken === 0) await clock.sleep(IDLE_PAUSE_MS);
  }

  function giveUpLate(): void {
    const nowMs = clock.monotonicMs();
    for (let i = outbox.length - 1; i >= 0; i--) {
      if ((outbox[i]?.untilMs ?? 0) <= nowMs) for (const { sent } of outbox.splice(i, 1)) sent(null);
    }
  }

  /** Resets go out as long as there are hosts to be left, and a little longer than anything else. */
  async function sendResets(over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      giveUpLate();
      await sendBatch(resets, options.resetPacer, over);
    }
  }

  /** Wakes every host's work, lets it reset what it has open, and waits for that. */
  async function end(): Promise<void> {
    isOver = true;
    for (const inbox of inboxes.values()) inbox.end();
    for (const { sent } of outbox.splice(0)) sent(null);
    const untilMs = clock.monotonicMs() + LAST_RESETS_MS;
    while ((walk.running > 0 || resets.length > 0) && clock.monotonicMs() < untilMs) await clock.sleep(IDLE_PAUSE_MS);
  }

  return {
    progress: () => ({ ...counters, ...walk.progress() }),
    // The pacer looks by itself.
    gateMoved: () => undefined,
    async run(signal) {
      await options.prepare();
      const unsubscribe = options.receiver.subscribe({ matcher, stage: "verify", onReply });
      const over = new AbortController();
      const resetting = sendResets(over.signal).catch(walk.fail);
      try {
        for (;;) {
          walk.fill(Math.max(1, Math.min(MOST_HOSTS, Math.floor(pacer.packetsPerSecond / PACKETS_PER_HOST))));
          if (signal.aborted || walk.isOver) break;
          await sendBatch(outbox, pacer, signal);
        }
        await end();
        walk.check();
      } finally {
        over.abort();
        await resetting;
        unsubscribe();
      }
    },
  };
}

const NOTHING = new Uint8Array(0);

interface FlowName {
  readonly address: Uint8Array;
  /** Of the host. */
  readonly port: number;
  /** Ours. */
  readonly sourcePort: number;
}

function tcpFlow({ ip, tcp }: Extract<Packet, { kind: "tcp" }>): FlowName {
  return { address: ip.source, port: tcp.sourcePort, sourcePort: tcp.destinationPort };
}

/** The connection whose segment an ICMP error quotes. */
function quotedFlow({ icmp }: Extract<Packet, { kind: "icmp-error" }>): FlowName | null {
  try {
    const ip = decodeIp(icmp.quote);
    if (ip.protocol !== PROTOCOL_TCP || ip.fragmentOffset > 0) return null;
    return {
      address: ip.destination,
      port: u16(icmp.quote, ip.headerBytes + 2),
      sourcePort: u16(icmp.quote, ip.headerBytes),
    };
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

function isHandshakePort(port: number): boolean {
  return port >= FIRST_HANDSHAKE_PORT && port <= LAST_HANDSHAKE_PORT;
}

function flowId(address: Uint8Array, port: number, sourcePort: number): string {
  return `${hostId(address)}${port}:${sourcePort}`;
}

function noSource(family: 4 | 6): UserError {
  return new UserError(`no IPv${family} source address for a handshake`, {
    remedy: `give the interface an IPv${family} address or leave such targets out`,
  });
}
