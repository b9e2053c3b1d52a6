import { optionsHex, optionsText } from "../option/options-text.js";
import {
  OPTION_MPTCP,
  OPTION_MSS,
  OPTION_SACK_PERMITTED,
  OPTION_TIMESTAMPS,
  OPTION_WINDOW_SCALE,
} from "../option/tcp-options.js";
import { u8, u16, u32 } from "../packet/ip.js";
import type { FieldValue, OutputField } from "./field.js";
import { isIcmp } from "./ip-fields.js";
import type { ScannedReply } from "./reply.js";

/** Fields of a SYN/ACK or RST; null in an ICMP error, as with ZMap. */
export const TCP_FIELDS: readonly OutputField[] = [
  tcpField("sport", "int", "port that was probed and answers", ({ row }) => row.port),
  tcpField("dport", "int", "our own port", ({ header }) => header?.segment?.destinationPort ?? null),
  tcpField("seqnum", "int", "sequence number", ({ header }) => header?.segment?.sequence ?? null),
  tcpField("acknum", "int", "acknowledgement number", ({ header }) => header?.segment?.acknowledgement ?? null),
  tcpField("window", "int", "window", ({ row }) => row.window),
  onRequest("tcpopt_mss", "int", "MSS option", (reply) => number(reply, OPTION_MSS, 4, u16)),
  onRequest("tcpopt_wscale", "int", "window scale option as a factor", (reply) =>
    number(reply, OPTION_WINDOW_SCALE, 3, (bytes, at) => 2 ** u8(bytes, at)),
  ),
  onRequest("tcpopt_sack_perm", "int", "1 where SACK is permitted", (reply) =>
    number(reply, OPTION_SACK_PERMITTED, 2, () => 1),
  ),
  onRequest("tcpopt_ts_val", "int", "TSval", (reply) => number(reply, OPTION_TIMESTAMPS, 10, u32)),
  onRequest("tcpopt_ts_ecr", "int", "TSecr", (reply) => echo(reply)),
  tcpField("optionshex", "string", "all TCP options, in hexadecimal digits behind 0x", ({ row }) =>
    optionsHex(row.options),
  ),
  onRequest("optionstext", "string", "order of the TCP options, as the TUM fork abbreviates them", (reply) =>
    optionsText(reply.options()),
  ),
  onRequest("tcpmss", "int", "MSS option; 0 where there is none", (reply) => orZero(number(reply, OPTION_MSS, 4, u16))),
  onRequest("wscale", "int", "window scale option as a shift; 0 where there is none", (reply) =>
    orZero(number(reply, OPTION_WINDOW_SCALE, 3, u8)),
  ),
  onRequest("tsval", "int", "TSval; 0 where there is none", (reply) =>
    orZero(number(reply, OPTION_TIMESTAMPS, 10, u32)),
  ),
  onRequest("tsecr", "int", "TSecr; 0 where there is none", (reply) => orZero(echo(reply))),
  onRequest("tsdiff", "int", "0 where TSval and TSecr are the same, else 1", (reply) => {
    const value = number(reply, OPTION_TIMESTAMPS, 10, u32);
    return value !== null && value === echo(reply) ? 0 : 1;
  }),
  onRequest("mptcpkey", "string", "bytes 4 to 11 of the MPTCP option behind 0x; -- where there are none", (reply) => {
    const option = reply.option(OPTION_MPTCP);
    return option === undefined || option.length < 12 ? "--" : optionsHex(option.subarray(4, 12));
  }),
  onRequest("mptcpdiff", "int", "1 where the key in the reply is the host's own", ({ row }) =>
    row.receiverKey === null ? 0 : 1,
  ),
];

function tcpField(
  name: string,
  type: OutputField["type"],
  describe: string,
  value: (reply: ScannedReply) => FieldValue,
): OutputField {
  return { name, type, describe: `TCP: ${describe}`, value: (reply) => (isIcmp(reply) ? null : value(reply)) };
}

function onRequest(...definition: Parameters<typeof tcpField>): OutputField {
  return { ...tcpField(...definition), onRequest: true };
}

/** A number behind kind and length of an option; null unless it is there with its right length. */
function number(
  reply: ScannedReply,
  kind: number,
  length: number,
  read: (bytes: Uint8Array, at: number) => number,
): number | null {
  const option = reply.option(kind);
  return option === undefined || option.length !== length ? null : read(option, 2);
}

function echo(reply: ScannedReply): number | null {
  return number(reply, OPTION_TIMESTAMPS, 10, (bytes) => u32(bytes, 6));
}

function orZero(value: number | null): number {
  return value ?? 0;
}
