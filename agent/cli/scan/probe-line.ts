import { formatAddress } from "../../../shared/address/address.js";
import { decodeMptcp } from "../../../shared/option/mptcp.js";
import { optionName } from "../../../shared/option/names.js";
import {
  decodeTcpOptions,
  OPTION_EXPERIMENT,
  OPTION_MPTCP,
  OPTION_MSS,
  OPTION_TIMESTAMPS,
  OPTION_WINDOW_SCALE,
  type TcpOption,
} from "../../../shared/option/tcp-options.js";
import { decodePacket } from "../../../shared/packet/decode.js";
import { u8, u16, u32 } from "../../../shared/packet/ip.js";
import { flagNames } from "../../../shared/packet/tcp.js";

/** A SYN on one line, much as tcpdump prints it. Throws DecodeError when it is no TCP packet. */
export function describeProbe(bytes: Uint8Array): string {
  const packet = decodePacket(bytes);
  if (packet.kind !== "tcp") return `${bytes.length} bytes that are no TCP`;
  const { ip, tcp } = packet;
  const id = ip.family === 4 ? `id ${ip.id}` : `flow label ${ip.flowLabel}`;
  const options = decodeTcpOptions(tcp.options).options.map(optionWords).join(",");
  return [
    `${formatAddress(ip.source)}.${tcp.sourcePort} > ${formatAddress(ip.destination)}.${tcp.destinationPort}:`,
    `${flagNames(tcp.flags).join("+")}, seq ${tcp.sequence}, win ${tcp.window}, ttl ${ip.ttl}, ${id},`,
    `options [${options}], ${bytes.length} bytes`,
  ].join(" ");
}

function optionWords({ kind, bytes }: TcpOption): string {
  const name = optionName(kind);
  switch (kind) {
    case OPTION_MSS:
      return `${name} ${u16(bytes, 2)}`;
    case OPTION_WINDOW_SCALE:
      return `${name} ${u8(bytes, 2)}`;
    case OPTION_TIMESTAMPS:
      return `${name} val ${u32(bytes, 2)} ecr ${u32(bytes, 6)}`;
    case OPTION_EXPERIMENT:
      return `${name} 0x${bytes.length < 4 ? "" : u16(bytes, 2).toString(16)}`;
    case OPTION_MPTCP:
      return `${name} ${mptcpWords(bytes)}`;
    default:
      return name;
  }
}

function mptcpWords(bytes: Uint8Array): string {
  const option = decodeMptcp(bytes);
  if (option.kind !== "MP_CAPABLE") return option.kind;
  const key = option.senderKey === null ? "" : ` key ${option.senderKey.toString(16).padStart(16, "0")}`;
  return `capable v${option.version}${key}`;
}
