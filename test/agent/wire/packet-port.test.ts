import { describe, expect, it } from "@jest/globals";
import { createPacketPort } from "../../../agent/wire/packet-port.js";
import { parseAddress } from "../../../shared/address/address.js";
import { createMemoryLink } from "./memory-link.js";

const ROUTER4 = Uint8Array.of(2, 0, 0, 0, 0, 4);
const ROUTER6 = Uint8Array.of(2, 0, 0, 0, 0, 6);

function openPort(families: readonly (4 | 6)[] = [4, 6]) {
  const link = createMemoryLink();
  const port = createPacketPort({
    link,
    ipv4: families.includes(4) ? { source: parseAddress("192.0.2.1"), nextHopMac: ROUTER4 } : null,
    ipv6: families.includes(6) ? { source: parseAddress("2001:db8::1"), nextHopMac: ROUTER6 } : null,
  });
  const received = (): string[] => {
    const packets: string[] = [];
    port.receive((packet) => packets.push(Buffer.from(packet).toString("hex")), 100);
    return packets;
  };
  return { link, port, received };
}

/** An IPv4 packet of `bytes` bytes. */
function ipv4To(destination: string, bytes = 40): Uint8Array {
  const packet = new Uint8Array(bytes);
  packet[0] = 0x45;
  packet[3] = bytes;
  packet.set(parseAddress(destination).subarray(12), 16);
  return packet;
}

function ipv6To(destination: string, payload = 20): Uint8Array {
  const packet = new Uint8Array(40 + payload);
  packet[0] = 0x60;
  packet[5] = payload;
  packet.set(parseAddress(destination), 24);
  return packet;
}

function frame(type: readonly number[], packet: Uint8Array, padding = 0): Uint8Array {
  return Uint8Array.of(...new Uint8Array(12), ...type, ...packet, ...new Uint8Array(padding));
}

describe("packet port", () => {
  it("puts the header of the packet's family in front, also when a slot's family changes", () => {
    const { link, port } = openPort();
    const put = (slot: number, packet: Uint8Array): void => {
      port.slot(slot).set(packet);
      port.setLength(slot, packet.length);
    };
    put(0, ipv4To("198.18.0.1"));
    put(1, ipv6To("2001:db8::2"));
    expect(port.send(2)).toBe(2);
    put(0, ipv6To("2001:db8::2"));
    expect(port.send(1)).toBe(1);
    const headers = link.sent.map((sent) => Buffer.from(sent.subarray(0, 14)).toString("hex"));
    expect(headers).toEqual([
      "020000000004" + "020000000001" + "0800",
      "020000000006" + "020000000001" + "86dd",
      "020000000006" + "020000000001" + "86dd",
    ]);
    expect(link.sent.map((sent) => sent.length)).toEqual([54, 74, 74]);
  });

  it("refuses a packet of a family that has no route", () => {
    const { port } = openPort([4]);
    port.slot(0).set(ipv6To("2001:db8::2"));
    expect(() => port.setLength(0, 60)).toThrow(RangeError);
  });

  it("hands up packets to its own addresses, without link header and padding", () => {
    const { link, received } = openPort();
    link.deliver(frame([8, 0], ipv4To("192.0.2.1"), 6));
    link.deliver(frame([0x86, 0xdd], ipv6To("2001:db8::1")));
    expect(received()).toEqual(
      [ipv4To("192.0.2.1"), ipv6To("2001:db8::1")].map((packet) => Buffer.from(packet).toString("hex")),
    );
  });

  it("drops what is not for it: other addresses, other protocols, own frames, stumps", () => {
    const { link, received } = openPort();
    link.deliver(frame([8, 0], ipv4To("192.0.2.2")));
    link.deliver(frame([0x86, 0xdd], ipv6To("2001:db8::2")));
    link.deliver(frame([8, 6], ipv4To("192.0.2.1")));
    link.deliver(frame([8, 0], ipv4To("192.0.2.1")), { outgoing: true });
    link.deliver(frame([8, 0], ipv4To("192.0.2.1").subarray(0, 19)));
    link.deliver(frame([0x86, 0xdd], ipv6To("2001:db8::1").subarray(0, 39)));
    link.deliver(new Uint8Array(3));
    expect(received()).toEqual([]);
  });

  it("does not believe a length beyond the frame's end", () => {
    const { link, received } = openPort();
    const packet = ipv4To("192.0.2.1");
    packet[2] = 0xff;
    link.deliver(frame([8, 0], packet));
    expect(received()).toEqual([Buffer.from(packet).toString("hex")]);
  });
});
