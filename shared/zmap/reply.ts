import type { SynReplyRow } from "../batch/rows.js";
import { decodeTcpOptions, type TcpOption } from "../option/tcp-options.js";
import type { Packet } from "../packet/decode.js";

/** What the received packet says besides its row. Of an ICMP error only the address and the identification are there. */
export interface ReplyHeader {
  /** Our own address, 16 bytes. */
  readonly destination: Uint8Array;
  /** IPv4 identification; null in IPv6. */
  readonly ipId: number | null;
  readonly segment: {
    readonly destinationPort: number;
    readonly sequence: number;
    readonly acknowledgement: number;
  } | null;
}

/** One reply with all that an output field can be made from. */
export interface ScannedReply {
  readonly row: SynReplyRow;
  /** Null where only the row is at hand. */
  readonly header: ReplyHeader | null;
  /** It came when nothing was left to be sent; null where that is not known any more. */
  readonly cooldown: boolean | null;
  /** Another reply to the same probe came before. */
  readonly repeat: boolean;
  /** The first TCP option of a kind, with kind and length; undefined when there is none. */
  option(kind: number): Uint8Array | undefined;
  /** All whole TCP options, decoded at the first call. */
  options(): readonly TcpOption[];
}

/** Shows views of `packet`: valid as long as that is. */
export function headerOf({ ip, ...packet }: Packet): ReplyHeader {
  return {
    destination: ip.destination,
    ipId: ip.family === 4 ? ip.id : null,
    segment:
      packet.kind === "tcp"
        ? {
            destinationPort: packet.tcp.destinationPort,
            sequence: packet.tcp.sequence,
            acknowledgement: packet.tcp.acknowledgement,
          }
        : null,
  };
}

export function scannedReply(
  row: SynReplyRow,
  header: ReplyHeader | null,
  cooldown: boolean | null,
  repeat = false,
): ScannedReply {
  let decoded: readonly TcpOption[] | null = null;
  const options = (): readonly TcpOption[] => {
    decoded ??= decodeTcpOptions(row.options).options;
    return decoded;
  };
  return {
    row,
    header,
    cooldown,
    repeat,
    options,
    option: (kind) => options().find((option) => option.kind === kind)?.bytes,
  };
}
