/** Packets between a vantage point and hosts, as tcpdump at the vantage point records them. */
import { parseAddress } from "../../../shared/address/address.js";
import { edited } from "../../../shared/middlebox/rewrite.js";
import { FULL_QUOTE, icmpError, type QuoteForm, timeExceeded, unreachable } from "../../../shared/middlebox/router.js";
import { decodePacket } from "../../../shared/packet/decode.js";
import { encodeTcpPacket, type TcpToEncode } from "../../../shared/packet/encode.js";
import { decodeIp } from "../../../shared/packet/ip.js";
import { encodePcapHeader, encodePcapRecord } from "../../../shared/pcap/writer.js";

export const SOURCE = parseAddress("203.0.113.7");
export const TARGET = parseAddress("198.18.0.1");
export const SOURCE6 = parseAddress("2001:2::7");
export const TARGET6 = parseAddress("2001:db8::1");

/** RFC 6824 section 3.1 with key ff..ff as yarrpbox sends it; RFC 8684 section 3.1; the host's answer with a key. */
export const V0 = [30, 12, 0x00, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
export const V1 = [30, 4, 0x01, 0x01];
export const CLAIM_V1 = [30, 12, 0x01, 0x01, 1, 2, 3, 4, 5, 6, 7, 8];
export const MSS = [2, 4, 5, 180];

const SYN = 0x02;
const SYN_ACK = 0x12;
const RST_ACK = 0x14;

export interface SynOf {
  readonly family?: 4 | 6;
  readonly ttl?: number;
  readonly id?: number;
  readonly sourcePort?: number;
  readonly sequence?: number;
  readonly port?: number;
  readonly options?: readonly number[];
  readonly target?: Uint8Array;
}

export function syn({
  family = 4,
  ttl = 64,
  id = 1,
  sourcePort = 40_000,
  sequence = 7,
  port = 80,
  ...more
}: SynOf): Uint8Array {
  const ends = family === 4 ? { source: SOURCE, destination: TARGET } : { source: SOURCE6, destination: TARGET6 };
  const options = Uint8Array.from(more.options ?? [...MSS, ...V1]);
  const tcp: TcpToEncode = { sourcePort, destinationPort: port, sequence, flags: SYN, window: 64_240, options };
  return encodeTcpPacket({ ...ends, ...(more.target && { destination: more.target }), ttl, id }, tcp);
}

/** A router on the way, by its distance, about a packet as it arrived there. */
export function expired(probe: Uint8Array, hop: number, form: Partial<QuoteForm> = {}, arrive = same): Uint8Array {
  const family = decodeIp(probe).family;
  const router = parseAddress(family === 4 ? `192.0.2.${hop}` : `2001:db8:9::${hop}`);
  return icmpError(arrive(probe), router, timeExceeded(family), { ...FULL_QUOTE, ...form });
}

export function turnedAway(probe: Uint8Array, hop: number): Uint8Array {
  return icmpError(probe, parseAddress(`192.0.2.${hop}`), unreachable(4, true), FULL_QUOTE);
}

/** The host's answer, which repeats no option unless it is told to. */
export function answer(probe: Uint8Array, flags: "SYN/ACK" | "RST", options: readonly number[] = []): Uint8Array {
  const { ip, tcp } = decodeSyn(probe);
  return encodeTcpPacket(
    { source: ip.destination, destination: ip.source },
    {
      sourcePort: tcp.destinationPort,
      destinationPort: tcp.sourcePort,
      sequence: 99,
      acknowledgement: (tcp.sequence + 1) >>> 0,
      flags: flags === "RST" ? RST_ACK : SYN_ACK,
      options: Uint8Array.from(options),
    },
  );
}

/** A copy with bytes overwritten, counted from the start of the TCP header, or with "ip" of the IP header. */
export function changed(
  where: "ip" | "tcp",
  at: number,
  ...bytes: readonly number[]
): (packet: Uint8Array) => Uint8Array {
  return (packet) => {
    const ip = decodeIp(packet);
    return edited(packet, ip, (copy) => copy.set(bytes, (where === "ip" ? 0 : ip.headerBytes) + at));
  };
}

export function captureOf(...packets: readonly (readonly [atUs: number, packet: Uint8Array])[]): Uint8Array {
  return Buffer.concat([encodePcapHeader(), ...packets.map(([atUs, packet]) => encodePcapRecord(atUs, packet))]);
}

const same = (packet: Uint8Array): Uint8Array => packet;

function decodeSyn(probe: Uint8Array) {
  const packet = decodePacket(probe);
  if (packet.kind !== "tcp") throw new Error("no SYN");
  return packet;
}
