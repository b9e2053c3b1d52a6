import { describe, expect, it } from "@jest/globals";
import { neighborFilter, replyFilter, synFilter } from "../../../agent/wire/filter.js";

/** Classic BPF as Linux Documentation/networking/filter.rst describes it; only what a filter of ours may use. */
function run(program: Uint8Array, frame: Uint8Array, packetType: number): number {
  const view = new DataView(program.buffer, program.byteOffset, program.length);
  const byte = (at: number): number => frame[at] ?? Number.NaN;
  let a = 0;
  let x = 0;
  for (let pc = 0; pc < program.length / 8; pc++) {
    const [code, yes, no, k] = [
      view.getUint16(pc * 8, true),
      view.getUint8(pc * 8 + 2),
      view.getUint8(pc * 8 + 3),
      view.getUint32(pc * 8 + 4, true),
    ];
    const outside = (at: number, bytes: number): boolean => at + bytes > frame.length;
    switch (code) {
      case 0x20:
        if (k !== 0xfffff004) throw new Error(`word at ${k}`);
        a = packetType;
        break;
      case 0x28:
        if (outside(k, 2)) return 0;
        a = byte(k) * 256 + byte(k + 1);
        break;
      case 0x30:
        if (outside(k, 1)) return 0;
        a = byte(k);
        break;
      case 0x48:
        if (outside(x + k, 2)) return 0;
        a = byte(x + k) * 256 + byte(x + k + 1);
        break;
      case 0x50:
        if (outside(x + k, 1)) return 0;
        a = byte(x + k);
        break;
      case 0xb1:
        x = 4 * (byte(k) & 0xf);
        break;
      case 0x15:
        pc += a === k ? yes : no;
        break;
      case 0x35:
        pc += a >= k ? yes : no;
        break;
      case 0x45:
        pc += (a & k) !== 0 ? yes : no;
        break;
      case 0x06:
        return k;
      default:
        throw new Error(`instruction ${code.toString(16)}`);
    }
  }
  throw new Error("ran off the end");
}

const IPV4 = [0x08, 0x00];
const IPV6 = [0x86, 0xdd];
const INCOMING = 0;
const OUTGOING = 4;

function ipv4(protocol: number, destinationPort: number, { optionWords = 0, fragment = 0 } = {}): Uint8Array {
  const header = new Uint8Array(20 + 4 * optionWords);
  header[0] = 0x45 + optionWords;
  header[6] = fragment >>> 8;
  header[7] = fragment & 0xff;
  header[9] = protocol;
  return Uint8Array.of(...new Uint8Array(12), ...IPV4, ...header, 0, 80, destinationPort >>> 8, destinationPort & 0xff);
}

function ipv6(next: number, destinationPort: number): Uint8Array {
  const header = new Uint8Array(40);
  header[0] = 0x60;
  header[6] = next;
  return Uint8Array.of(...new Uint8Array(12), ...IPV6, ...header, 0, 80, destinationPort >>> 8, destinationPort & 0xff);
}

function icmp(type: number, { optionWords = 0 } = {}): Uint8Array {
  const frame = ipv4(1, 0, { optionWords });
  frame[14 + 20 + 4 * optionWords] = type;
  return frame;
}

function icmpv6(type: number): Uint8Array {
  const frame = ipv6(58, 0);
  frame[14 + 40] = type;
  return frame;
}

describe("reply filter", () => {
  const program = replyFilter();
  const accepts = (frame: Uint8Array, packetType = INCOMING): boolean => run(program, frame, packetType) > 65_535;

  it.each([
    ["TCP to the first source port", ipv4(6, 61_000)],
    ["TCP to the last port", ipv4(6, 65_535)],
    ["TCP to the first port of handshakes", ipv4(6, 31_744)],
    ["IPv6 TCP to the last port of handshakes", ipv6(6, 32_767)],
    ["TCP behind IPv4 options", ipv4(6, 61_000, { optionWords: 3 })],
    ["TCP with don't-fragment set", ipv4(6, 61_000, { fragment: 0x4000 })],
    ["ICMP time exceeded", icmp(11)],
    ["ICMP unreachable behind IPv4 options", icmp(3, { optionWords: 2 })],
    ["IPv6 TCP", ipv6(6, 61_000)],
    ["ICMPv6 unreachable", icmpv6(1)],
    ["ICMPv6 time exceeded", icmpv6(3)],
  ])("lets %s pass", (_name, frame) => {
    expect(accepts(frame)).toBe(true);
  });

  it.each([
    ["TCP to a lower port", ipv4(6, 60_999)],
    ["TCP to the port below those of handshakes", ipv4(6, 31_743)],
    ["IPv6 TCP to the port above those of handshakes", ipv6(6, 32_768)],
    ["TCP to a lower port behind options that look like a high one", ipv4(6, 443, { optionWords: 1 })],
    ["a later fragment", ipv4(6, 61_000, { fragment: 1 })],
    ["UDP", ipv4(17, 61_000)],
    ["IPv6 TCP to a lower port", ipv6(6, 60_999)],
    ["IPv6 UDP", ipv6(17, 61_000)],
    ["echo requests", icmp(8)],
    ["echo replies", icmp(0)],
    ["ICMPv6 echo requests", icmpv6(128)],
    ["neighbour solicitations", icmpv6(135)],
    ["ARP", Uint8Array.of(...new Uint8Array(12), 0x08, 0x06, ...new Uint8Array(28))],
    ["a frame that ends in the IP header", ipv4(6, 61_000).subarray(0, 30)],
    ["an empty frame", new Uint8Array(0)],
  ])("keeps %s back", (_name, frame) => {
    expect(accepts(frame)).toBe(false);
  });

  it("keeps back what this host sends", () => {
    expect(accepts(ipv4(6, 61_000), OUTGOING)).toBe(false);
  });
});

describe("neighbour filter", () => {
  const accepts = (frame: Uint8Array): boolean => run(neighborFilter(), frame, INCOMING) > 65_535;
  const arp = Uint8Array.of(...new Uint8Array(12), 0x08, 0x06, ...new Uint8Array(28));

  it("lets ARP and neighbour advertisements pass", () => {
    expect(accepts(arp)).toBe(true);
    expect(accepts(icmpv6(136))).toBe(true);
  });

  it.each([
    ["neighbour solicitations", icmpv6(135)],
    ["IPv6 TCP", ipv6(6, 61_000)],
    ["IPv4", ipv4(1, 0)],
    ["a frame that ends in the IP header", icmpv6(136).subarray(0, 54)],
    ["an empty frame", new Uint8Array(0)],
  ])("keeps %s back", (_name, frame) => {
    expect(accepts(frame)).toBe(false);
  });
});

describe("SYN filter", () => {
  const program = synFilter([80, 443]);
  const accepts = (frame: Uint8Array): boolean => run(program, frame, INCOMING) > 65_535;
  /** The rest of a TCP header, with its flags. */
  const tcp = (frame: Uint8Array, flags: number): Uint8Array =>
    Uint8Array.of(...frame, ...new Uint8Array(9), flags, ...new Uint8Array(6));

  it.each([
    ["a SYN", tcp(ipv4(6, 80), 0x02)],
    ["a SYN to the other port, with ECN flags", tcp(ipv4(6, 443), 0xc2)],
    ["a SYN behind IPv4 options", tcp(ipv4(6, 443, { optionWords: 2 }), 0x02)],
    ["a SYN over IPv6", tcp(ipv6(6, 443), 0x02)],
  ])("lets %s pass", (_name, frame) => {
    expect(accepts(frame)).toBe(true);
  });

  it.each([
    ["a SYN to another port", tcp(ipv4(6, 81), 0x02)],
    ["a SYN/ACK", tcp(ipv4(6, 80), 0x12)],
    ["an RST", tcp(ipv4(6, 80), 0x04)],
    ["a later fragment", tcp(ipv4(6, 80, { fragment: 1 }), 0x02)],
    ["UDP", tcp(ipv4(17, 80), 0x02)],
    ["a SYN to another port over IPv6", tcp(ipv6(6, 8080), 0x02)],
    ["a SYN/ACK over IPv6", tcp(ipv6(6, 80), 0x12)],
    ["a frame that ends before the flags", ipv4(6, 80)],
    ["an empty frame", new Uint8Array(0)],
  ])("keeps %s back", (_name, frame) => {
    expect(accepts(frame)).toBe(false);
  });
});
