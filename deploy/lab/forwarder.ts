import type { Link } from "../../agent/wire/link.js";
import { createPacketLink } from "../../agent/wire/packet-link.js";
import { DecodeError } from "../../shared/errors.js";
import type { Direction, PacketRule } from "./behaviour/rule.js";

const ETHERNET_BYTES = 14;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const RECEIVE_BUDGET = 256;
const IDLE_MS = 1_000;

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
    while (open) {
      if (await from.wait(IDLE_MS)) carry(from, to, (packet) => rule(packet, direction));
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

function carry(from: Link, to: Link, rule: (packet: Uint8Array) => Uint8Array | null): void {
  let count = 0;
  from.receive((frame) => {
    const packet = apply(frame, rule);
    if (packet === null) return;
    const slot = to.slot(count);
    slot.set(frame.subarray(0, ETHERNET_BYTES));
    slot.set(packet, ETHERNET_BYTES);
    to.setLength(count, ETHERNET_BYTES + packet.length);
    count++;
  }, RECEIVE_BUDGET);
  for (let sent = 0, tries = 0; sent < count && tries < 100; tries++) sent += to.send(count, sent);
}

/** What goes on behind the Ethernet header; frames that are no IP, or broken, go on as they are. */
function apply(frame: Uint8Array, rule: (packet: Uint8Array) => Uint8Array | null): Uint8Array | null {
  const payload = frame.subarray(ETHERNET_BYTES);
  const type = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
  if (type !== ETHERTYPE_IPV4 && type !== ETHERTYPE_IPV6) return payload;
  try {
    return rule(payload);
  } catch (error) {
    if (error instanceof DecodeError) return payload;
    throw error;
  }
}
