import { decodeTcpOptions, OPTION_END, OPTION_MPTCP } from "../../../shared/option/tcp-options.js";
import { decodePacket } from "../../../shared/packet/decode.js";
import { TCP_SYN } from "../../../shared/packet/tcp.js";
import { withOptions } from "./rewrite.js";
import type { PacketRule } from "./rule.js";

/** Cuts option 30 out of every SYN on its way forth: the header shrinks. */
export const removeOption: PacketRule = (packet, direction) => {
  if (direction === "back") return packet;
  const decoded = decodePacket(packet);
  if (decoded.kind !== "tcp" || (decoded.tcp.flags & TCP_SYN) === 0) return packet;
  const { options } = decodeTcpOptions(decoded.tcp.options);
  if (!options.some((option) => option.kind === OPTION_MPTCP)) return packet;
  const kept = options.filter((option) => option.kind !== OPTION_MPTCP && option.kind !== OPTION_END);
  return withOptions(packet, decoded.ip, Buffer.concat(kept.map((option) => option.bytes)));
};
