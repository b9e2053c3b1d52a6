import { ETHERNET_HEADER_BYTES, ethernetHeaders, type FamilyRoute, FRAME_PADDING } from "./ethernet.js";
import type { Link } from "./link.js";
import { createOwnPackets } from "./own-packet.js";
import type { PacketPort } from "./port.js";

/** Where the IP packet begins in a slot. */
const IP_AT_BYTE = FRAME_PADDING + ETHERNET_HEADER_BYTES;

export interface PacketPortOptions {
  readonly link: Link;
  readonly ipv4: FamilyRoute | null;
  readonly ipv6: FamilyRoute | null;
}

/**
 * IP packets over an Ethernet link: puts the Ethernet header of the packet's family in front, and hands up only IP
 * packets that are addressed to our own source addresses. Closing the port closes the link.
 */
export function createPacketPort({ link, ipv4, ipv6 }: PacketPortOptions): PacketPort {
  const headers = ethernetHeaders({ ipv4, ipv6 }, link.macAddress);
  const packetIn = createOwnPackets({ ipv4, ipv6 });
  const frames: Uint8Array[] = [];
  const packets: Uint8Array[] = [];
  /** The header that lies in each slot's frame, so that it is copied only when the family changes. */
  const present: (Uint8Array | null)[] = [];
  for (let i = 0; i < link.slots; i++) {
    const frame = link.slot(i);
    frames.push(frame);
    packets.push(frame.subarray(ETHERNET_HEADER_BYTES));
    present.push(null);
  }

  return {
    driver: "packet",
    interfaceName: link.interfaceName,
    slots: link.slots,
    slotBytes: link.slotBytes - IP_AT_BYTE,
    words: link.words,
    slotAt: (i) => (i * link.slotBytes + IP_AT_BYTE) >>> 2,
    slot(i) {
      const packet = packets[i];
      if (packet === undefined) throw new RangeError(`slot ${i} of ${packets.length}`);
      return packet;
    },
    setLength(i, bytes) {
      const frame = frames[i];
      if (frame === undefined) throw new RangeError(`slot ${i} of ${frames.length}`);
      const header = (frame[ETHERNET_HEADER_BYTES] ?? 0) >>> 4 === 4 ? headers.ipv4 : headers.ipv6;
      if (!(bytes > 0)) throw new RangeError(`packet of ${bytes} bytes in slot ${i}`);
      if (header === null) throw new RangeError(`no route for the family of the packet in slot ${i}`);
      if (present[i] !== header) {
        frame.set(header);
        present[i] = header;
      }
      link.setLength(i, ETHERNET_HEADER_BYTES + bytes);
    },
    send: (count, first = 0) => link.send(count, first),
    receive(handler, budget) {
      return link.receive((frame, capturedUs, meta) => {
        if (meta.outgoing) return;
        const packet = packetIn(frame);
        if (packet !== null) handler(packet, capturedUs);
      }, budget);
    },
    wait: (timeoutMs) => link.wait(timeoutMs),
    sendStats: () => link.stats(),
    receiveStats: () => link.stats(),
    close: () => link.close(),
  };
}
