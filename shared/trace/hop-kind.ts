import type { HopKind } from "../batch/rows.js";
import type { Packet } from "../packet/decode.js";
import { icmpMeaning } from "../packet/icmp-meaning.js";
import { TCP_RST } from "../packet/tcp.js";

/** What kind of hop answered; null for a packet that says nothing of the path, such as a redirect. */
export function hopKind(packet: Packet): HopKind | null {
  switch (packet.kind) {
    case "tcp":
      return (packet.tcp.flags & TCP_RST) !== 0 ? "rst" : "synack";
    case "icmp-error":
      return icmpMeaning(packet.icmp, packet.ip.family);
    case "other":
      return null;
  }
}
