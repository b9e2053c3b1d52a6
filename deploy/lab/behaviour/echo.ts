import { decodeTcpOptions, OPTION_END, OPTION_MPTCP } from "../../../shared/option/tcp-options.js";
import { decodePacket } from "../../../shared/packet/decode.js";
import { TCP_ACK, TCP_SYN, type TcpHeader } from "../../../shared/packet/tcp.js";
import { MAX_OPTION_BYTES, withOptions } from "./rewrite.js";
import type { PacketRule } from "./rule.js";

/** Flows whose option is remembered; the oldest is forgotten first. */
const MAX_FLOWS = 10_000;

/** Sends the SYN's option 30 back in the SYN/ACK, where `echoes` says so of its bytes. */
export function createEcho(echoes: (option: Uint8Array) => boolean): PacketRule {
  const flows = new Map<string, Uint8Array>();
  return (packet, direction) => {
    const decoded = decodePacket(packet);
    if (decoded.kind !== "tcp" || (decoded.tcp.flags & TCP_SYN) === 0) return packet;
    const { ip, tcp } = decoded;
    const { options } = decodeTcpOptions(tcp.options);
    if (direction === "forth") {
      const option = options.find(({ kind }) => kind === OPTION_MPTCP);
      const key = flowKey(tcp, tcp.sourcePort, tcp.sequence);
      flows.delete(key);
      if (option !== undefined && echoes(option.bytes)) flows.set(key, option.bytes.slice());
      const oldest = flows.keys().next();
      if (flows.size > MAX_FLOWS && oldest.done !== true) flows.delete(oldest.value);
      return packet;
    }
    const option = flows.get(flowKey(tcp, tcp.destinationPort, tcp.acknowledgement - 1));
    if (option === undefined || (tcp.flags & TCP_ACK) === 0) return packet;
    const kept = options.filter(({ kind }) => kind !== OPTION_END).map(({ bytes }) => bytes);
    const echoed = Buffer.concat([...kept, option]);
    return echoed.length > MAX_OPTION_BYTES ? packet : withOptions(packet, ip, echoed);
  };
}

/** The sequence number tells flows of one source port apart; it is the same for both ends of the exchange. */
function flowKey(tcp: TcpHeader, port: number, sequence: number): string {
  return `${port} ${sequence >>> 0} ${tcp.sourcePort + tcp.destinationPort}`;
}
