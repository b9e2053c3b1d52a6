import { OPTION_TIMESTAMPS } from "../option/tcp-options.js";
import { encodeTcpPacket } from "../packet/encode.js";
import type { IpHeader } from "../packet/ip.js";
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN, type TcpHeader } from "../packet/tcp.js";
import { put32 } from "../packet/write.js";

/** A segment to answer. */
interface Asked {
  readonly ip: IpHeader;
  readonly tcp: TcpHeader;
}

/** The RST with which a host without such a connection answers (RFC 9293 section 3.10.7.1). */
export function resetTo({ ip, tcp }: Asked, ttl: number, options?: Uint8Array): Uint8Array {
  const hasAck = (tcp.flags & TCP_ACK) !== 0;
  const length = tcp.payload.length + ((tcp.flags & (TCP_SYN | TCP_FIN)) === 0 ? 0 : 1);
  return encodeTcpPacket(
    { source: ip.destination, destination: ip.source, ttl },
    {
      sourcePort: tcp.destinationPort,
      destinationPort: tcp.sourcePort,
      sequence: hasAck ? tcp.acknowledgement : 0,
      acknowledgement: hasAck ? 0 : (tcp.sequence + length) >>> 0,
      flags: hasAck ? TCP_RST : TCP_RST | TCP_ACK,
      ...(options === undefined ? {} : { options }),
    },
  );
}

export interface SynAckFields {
  readonly ttl: number;
  readonly window: number;
  readonly sequence: number;
  /** A multiple of 4 bytes. */
  readonly options: Uint8Array;
}

export function synAckTo({ ip, tcp }: Asked, fields: SynAckFields): Uint8Array {
  return encodeTcpPacket(
    { source: ip.destination, destination: ip.source, ttl: fields.ttl },
    {
      window: fields.window,
      sequence: fields.sequence,
      options: fields.options,
      sourcePort: tcp.destinationPort,
      destinationPort: tcp.sourcePort,
      acknowledgement: (tcp.sequence + 1) >>> 0,
      flags: TCP_SYN | TCP_ACK,
    },
  );
}

/** A timestamps option (RFC 7323 section 3.2). */
export function timestampsOption(value: number, echo: number): Uint8Array {
  const bytes = Uint8Array.of(OPTION_TIMESTAMPS, 10, 0, 0, 0, 0, 0, 0, 0, 0);
  put32(bytes, 2, value);
  put32(bytes, 6, echo);
  return bytes;
}
