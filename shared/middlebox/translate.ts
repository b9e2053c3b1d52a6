import { addressFamily, parseAddress } from "../address/address.js";
import { decodePacket, type Packet } from "../packet/decode.js";
import { decodeIp, type IpHeader, PROTOCOL_TCP, u16 } from "../packet/ip.js";
import { put16 } from "../packet/write.js";
import type { BehaviourOf } from "./behaviour.js";
import { createFlows } from "./flows.js";
import { edited, setChecksum, setLength } from "./rewrite.js";
import type { PacketRule } from "./rule.js";

/** The inside of a translated flow. */
interface Inside {
  /** As it stands in the IP header: 4 or 16 bytes. */
  readonly address: Uint8Array;
  readonly port: number;
}

const ICMP_HEADER_BYTES = 8;
const LAST_PORT = 65_535;

/**
 * Network address translation of what goes forth, with or without ports (RFC 3022); answers and quotes find their way
 * back. A translator that does not restore quotes shows whoever asks the packet as it is outside.
 */
export function createTranslate(behaviour: BehaviourOf<"translate">): PacketRule {
  const outside = { 4: outsideAddress(behaviour.ipv4), 6: outsideAddress(behaviour.ipv6) };
  const { firstPort, restoresQuotes } = behaviour;
  /** By the outside's family and port. */
  const insides = createFlows<Inside>();
  const outsidePorts = createFlows<number>();
  let nextPort = firstPort ?? 0;

  function outsidePort({ family, source }: IpHeader, port: number): number {
    if (firstPort === undefined) return port;
    const flow = `${family} ${Buffer.from(source).toString("latin1")} ${port}`;
    const known = outsidePorts.get(flow);
    if (known !== undefined) return known;
    const given = nextPort;
    nextPort = nextPort === LAST_PORT ? firstPort : nextPort + 1;
    outsidePorts.set(flow, given);
    return given;
  }

  function forth(packet: Uint8Array, { ip, tcp }: Extract<Packet, { kind: "tcp" }>): Uint8Array {
    const address = outside[ip.family];
    if (address === null) return packet;
    const at = sourceAt(ip);
    const port = outsidePort(ip, tcp.sourcePort);
    insides.set(`${ip.family} ${port}`, { address: packet.slice(at, at + address.length), port: tcp.sourcePort });
    return edited(packet, ip, (copy) => {
      copy.set(address, at);
      put16(copy, ip.headerBytes, port);
    });
  }

  function back(packet: Uint8Array, { ip, tcp }: Extract<Packet, { kind: "tcp" }>): Uint8Array {
    const inside = insides.get(`${ip.family} ${tcp.destinationPort}`);
    if (inside === undefined) return packet;
    return edited(packet, ip, (copy) => {
      copy.set(inside.address, sourceAt(ip) + inside.address.length);
      put16(copy, ip.headerBytes + 2, inside.port);
    });
  }

  function backWithQuote(packet: Uint8Array, { ip, icmp }: Extract<Packet, { kind: "icmp-error" }>): Uint8Array {
    const quoted = decodeIp(icmp.quote);
    const inside = insides.get(`${ip.family} ${u16(icmp.quote, quoted.headerBytes)}`);
    if (inside === undefined || quoted.protocol !== PROTOCOL_TCP) return packet;
    const out = packet.slice();
    out.set(inside.address, sourceAt(ip) + inside.address.length);
    if (restoresQuotes) {
      const quoteAt = ip.headerBytes + ICMP_HEADER_BYTES;
      out.set(inside.address, quoteAt + sourceAt(quoted));
      put16(out, quoteAt + quoted.headerBytes, inside.port);
    }
    setLength(out, ip);
    setChecksum(out, ip, ip.headerBytes + 2);
    return out;
  }

  return (packet, direction) => {
    const decoded = decodePacket(packet);
    if (decoded.kind === "tcp") return direction === "forth" ? forth(packet, decoded) : back(packet, decoded);
    return decoded.kind === "icmp-error" && direction === "back" ? backWithQuote(packet, decoded) : packet;
  };
}

function sourceAt({ family }: IpHeader): number {
  return family === 4 ? 12 : 8;
}

function outsideAddress(text: string | undefined): Uint8Array | null {
  if (text === undefined) return null;
  const address = parseAddress(text);
  return addressFamily(address) === 4 ? address.subarray(12) : address;
}
