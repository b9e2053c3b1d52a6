import { synFilter } from "./filter.js";
import type { Link } from "./link.js";
import { createOwnPackets } from "./own-packet.js";
import { createPacketLink } from "./packet-link.js";
import type { PortPlan } from "./plan-port.js";

/**
 * Calls `heard` with each SYN that comes to one of `ports` of our own addresses, from its IP header on; the bytes are a
 * view that is valid during the call only. Sends nothing. Returns what ends it. Throws UserError when it cannot be done here.
 */
export type ListenForSyns = (ports: readonly number[], heard: (packet: Uint8Array) => void) => () => void;

const FRAMES_AT_ONCE = 64;
const WAIT_MS = 200;
/** The smallest there is: somebody else's flood is to be lost here. */
const RING_BYTES = 1;
const FRAME_BYTES = 128;

/** For an interface whose frames can be seen as they arrive, before any rule of this machine's own packet filter. */
export function listenForSyns(plan: Pick<PortPlan, "interface" | "ipv4" | "ipv6">): ListenForSyns {
  return (ports, heard) => {
    const link = createPacketLink({
      interface: plan.interface,
      filter: synFilter(ports),
      ignoreOutgoing: true,
      slots: 1,
      slotBytes: FRAME_BYTES,
      ringBytes: RING_BYTES,
    });
    const packetIn = createOwnPackets(plan);
    let isOver = false;
    void receive(
      link,
      () => isOver,
      (frame) => {
        const packet = packetIn(frame);
        if (packet !== null) heard(packet);
      },
    );
    return () => {
      if (isOver) return;
      isOver = true;
      link.close();
    };
  };
}

async function receive(link: Link, isOver: () => boolean, handle: (frame: Uint8Array) => void): Promise<void> {
  while (!isOver()) {
    if (link.receive(handle, FRAMES_AT_ONCE) === 0) await link.wait(WAIT_MS);
  }
}
