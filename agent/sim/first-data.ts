import { timestampsOption } from "../../shared/middlebox/reply.js";
import type { Dss, MptcpOption } from "../../shared/option/mptcp.js";
import { idsnOf } from "../../shared/option/mptcp-crypto.js";
import { encodeMptcp } from "../../shared/option/mptcp-encode.js";
import { encodeTcpOptions, OPTION_NOP, timestampsOf } from "../../shared/option/tcp-options.js";
import type { Packet } from "../../shared/packet/decode.js";
import { encodeTcpPacket } from "../../shared/packet/encode.js";
import { TCP_ACK } from "../../shared/packet/tcp.js";

/** What a server without memory computes again of the SYN/ACK that it must have sent. */
export interface Opening {
  readonly sequence: number;
  readonly timestamp: number;
  readonly key: bigint;
}

export interface FirstData {
  readonly asked: Extract<Packet, { kind: "tcp" }>;
  readonly opening: Opening;
  /** Version that the server speaks; null: TCP. */
  readonly version: 0 | 1 | null;
  readonly mptcp: MptcpOption | null;
  readonly ttl: number;
  readonly window: number;
}

/**
 * The acknowledgement of the first data of a connection: with a DATA_ACK, where what came shows that the other side speaks
 * the server's version; without one a server of any kind goes on in TCP (RFC 8684 section 3.7).
 */
export function acknowledgeFirstData(data: FirstData): Uint8Array {
  const { asked, opening, ttl, window } = data;
  const { ip, tcp } = asked;
  const acknowledged = dataAckOf(data);
  const echo = timestampsOf(tcp.options);
  const options = [
    ...(echo === null
      ? []
      : [Uint8Array.of(OPTION_NOP), Uint8Array.of(OPTION_NOP), timestampsOption(opening.timestamp + 1, echo.value)]),
    ...(acknowledged === null
      ? []
      : [encodeMptcp({ kind: "DSS", dataFin: false, dataAck: acknowledged, mapping: null })]),
  ];
  return encodeTcpPacket(
    { source: ip.destination, destination: ip.source, ttl },
    {
      sourcePort: tcp.destinationPort,
      destinationPort: tcp.sourcePort,
      sequence: tcp.acknowledgement,
      acknowledgement: (tcp.sequence + tcp.payload.length) >>> 0,
      flags: TCP_ACK,
      window,
      options: encodeTcpOptions(options),
    },
  );
}

/**
 * In version 1 the first data come with both keys, so that nothing need be remembered (RFC 8684 section 3.1). In version
 * 0 the other side's key came in its SYN, but its mapping says what the next number is.
 */
function dataAckOf({ asked, opening, version, mptcp }: FirstData): Dss["dataAck"] {
  const length = BigInt(asked.tcp.payload.length);
  if (version === 1 && mptcp?.kind === "MP_CAPABLE" && mptcp.receiverKey === opening.key && mptcp.senderKey !== null) {
    return { bytes: 8, value: BigInt.asUintN(64, idsnOf(1, mptcp.senderKey) + 1n + length) };
  }
  if (version === 0 && mptcp?.kind === "DSS" && mptcp.mapping !== null) {
    const { bytes, dataSequence } = mptcp.mapping;
    return { bytes, value: BigInt.asUintN(8 * bytes, dataSequence + length) };
  }
  return null;
}
