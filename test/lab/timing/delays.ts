import type { Delay } from "../../../deploy/lab/forwarder.js";
import { findOption } from "../../../shared/option/tcp-options.js";
import { decodePacket } from "../../../shared/packet/decode.js";

export const HELD_BACK_MS = 30;

export const none: Delay = () => 0;
/** A box that looks twice at packets with an MPTCP option, on their way to the host. */
export const holdsMptcpBack: Delay = (bytes, direction) => {
  const packet = decodePacket(bytes);
  const isTagged = packet.kind === "tcp" && findOption(packet.tcp.options, 30) !== undefined;
  return isTagged && direction === "forth" ? HELD_BACK_MS : 0;
};
