import type { Link } from "../../agent/wire/link.js";
import { createPacketLink } from "../../agent/wire/packet-link.js";
import { DecodeError } from "../../shared/errors.js";
import type { Direction, PacketRule } from "../../shared/middlebox/rule.js";

const MAC_BYTES = 6;
const ETHERNET_BYTES = 14;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const RECEIVE_BUDGET = 256;
const IDLE_MS = 1_000;
/** How often a busy interface is asked again. */
const SEND_TRIES = 100;

export interface Forwarder {
  close(): void;
}

/** How long a packet that goes on is held back, in milliseconds. */
export type Delay = (packet: Uint8Array, direction: Direction) => number;

/**
 * A bump in the wire: carries every frame from one interface to the other, IP packets through the rule, and after it as
 * late as `delay` says. Neither end has an address; frames keep their hardware addresses. `near` is the end toward the
 * vantage points.
 */
export function startForwarder(near: string, far: string, rule: PacketRule, delay: Delay = () => 0): Forwarder {
  const options = { ringBytes: 1 << 20, slots: RECEIVE_BUDGET, ignoreOutgoing: true, blockTimeoutMs: 1 };
  const nearLink = createPacketLink({ interface: near, ...options });
  const farLink = createPacketLink({ interface: far, ...options });
  let open = true;
  const run = async (from: Link, to: Link, direction: Direction) => {
    const [on, back] = [createOutbox(to), createOutbox(from)];
    const goOn = (header: Uint8Array, packet: Uint8Array): void => {
      const ms = delay(packet, direction);
      if (ms <= 0) on.put(header, packet);
      else holdBack(ms, header, packet);
    };
    // The frame's memory is used again; what is held back is a copy.
    const holdBack = (ms: number, header: Uint8Array, packet: Uint8Array): void => {
      const [heldHeader, held] = [header.slice(), packet.slice()];
      setTimeout(() => {
        if (!open) return;
        on.put(heldHeader, held);
        on.flush();
      }, ms);
    };
    while (open) {
      if (!(await from.wait(IDLE_MS))) continue;
      from.receive((frame) => carry(frame, rule, direction, { on, back, goOn }), RECEIVE_BUDGET);
      on.flush();
      back.flush();
    }
  };
  void run(nearLink, farLink, "forth");
  void run(farLink, nearLink, "back");
  return {
    close: () => {
      open = false;
      nearLink.close();
      farLink.close();
    },
  };
}

/** Where frames go: on and back at once, or on after a while. */
interface Ways {
  readonly on: Outbox;
  readonly back: Outbox;
  readonly goOn: Outbox["put"];
}

/** Puts on what goes on behind the Ethernet header; frames that are no IP, or broken, go on as they are. */
function carry(frame: Uint8Array, rule: PacketRule, direction: Direction, { on, back, goOn }: Ways): void {
  const header = frame.subarray(0, ETHERNET_BYTES);
  const payload = frame.subarray(ETHERNET_BYTES);
  const type = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
  if (type !== ETHERTYPE_IPV4 && type !== ETHERTYPE_IPV6) {
    on.put(header, payload);
    return;
  }
  try {
    const packet = rule(payload, direction, {
      on: (made) => goOn(header, made),
      back: (made) => back.put(turned(header), made),
    });
    if (packet !== null) goOn(header, packet);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    on.put(header, payload);
  }
}

/** The Ethernet header of an answer to a frame. */
function turned(header: Uint8Array): Uint8Array {
  const out = header.slice();
  out.copyWithin(0, MAC_BYTES, 2 * MAC_BYTES);
  out.set(header.subarray(0, MAC_BYTES), MAC_BYTES);
  return out;
}

/** Frames that are to leave by one interface. */
interface Outbox {
  put(header: Uint8Array, packet: Uint8Array): void;
  flush(): void;
}

function createOutbox(link: Link): Outbox {
  let count = 0;
  const flush = () => {
    for (let sent = 0, tries = 0; sent < count && tries < SEND_TRIES; tries++) sent += link.send(count, sent);
    count = 0;
  };
  return {
    put(header, packet) {
      if (count === link.slots) flush();
      const slot = link.slot(count);
      slot.set(header);
      slot.set(packet, ETHERNET_BYTES);
      link.setLength(count, ETHERNET_BYTES + packet.length);
      count++;
    },
    flush,
  };
}
