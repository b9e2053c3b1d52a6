import { ETHERNET_HEADER_BYTES, ethernetHeaders, type FamilyRoute, putEthernetHeader } from "./ethernet.js";
import type { Link } from "./link.js";
import { createOwnPackets } from "./own-packet.js";
import type { PacketPort } from "./port.js";
import { slotBySlot } from "./slot-by-slot.js";

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
  const { slots, words } = link;
  const slotBytes = link.frameBytes - ETHERNET_HEADER_BYTES;
  const memory = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);

  const slotAt = (i: number): number => (link.frameAt(i) + ETHERNET_HEADER_BYTES) >>> 2;

  function setLength(i: number, bytes: number): void {
    if (!(bytes > 0)) throw new RangeError(`packet of ${bytes} bytes in slot ${i}`);
    link.setLength(i, ETHERNET_HEADER_BYTES + bytes);
    putEthernetHeader(headers, memory, link.frameAt(i));
  }

  return {
    driver: "packet",
    interfaceName: link.interfaceName,
    slots,
    slotBytes,
    words,
    slotAt,
    slot: (i) => link.slot(i).subarray(ETHERNET_HEADER_BYTES),
    setLength,
    ...slotBySlot({ words, slots, slotAt, setLength }),
    places: link.frameStarts.map((start) => words.byteOffset + start + ETHERNET_HEADER_BYTES),
    firstFrame: link.firstFrame,
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
