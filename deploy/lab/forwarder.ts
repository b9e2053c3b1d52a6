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

/**
 * A bump in the wire: carries every frame from one interface to the other, IP packets through the rule. Neither end has
 * an address; frames keep their hardware addresses. `near` is the end toward the vantage points.
 */
export function startForwarder(near: string, far: string, rule: PacketRule): Forwarder {
  const options = { ringBytes: 1 << 20, slots: RECEIVE_BUDGET, ignoreOutgoing: true, blockTimeoutMs: 1 };
  const nearLink = createPacketLink({ interface: near, ...options });
  const farLink = createPacketLink({ interface: far, ...options });
  let open = true;
  const run = async (from: Link, to: Link, direction: Direction) => {
    const [on, back] = [createOutbox(to), createOutbox(from)];
    while (open) {
      if (!(await from.wait(IDLE_MS))) continue;
      from.receive((frame) => carry(frame, rule, direction, on, back), RECEIVE_BUDGET);
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

/** Puts on what goes on behind the Ethernet header; frames that are no IP, or broken, go on as they are. */
function carry(frame: Uint8Array, rule: PacketRule, direction: Direction, on: Outbox, back: Outbox): void {
  const header = frame.subarray(0, ETHERNET_BYTES);
  const payload = frame.subarray(ETHERNET_BYTES);
  const type = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
  if (type !== ETHERTYPE_IPV4 && type !== ETHERTYPE_IPV6) {
    on.put(header, payload);
    return;
  }
  try {
    const packet = rule(payload, direction, {
      on: (made) => on.put(header, made),
      back: (made) => back.put(turned(header), made),
    });
    if (packet !== null) on.put(header, packet);
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
