import type { OutputField } from "./field.js";
import { isIcmp } from "./ip-fields.js";

/** Fields that ZMap does not have. */
export const MPTCP_FIELDS: readonly OutputField[] = [
  { name: "variant", type: "string", describe: "probe that is answered", value: ({ row }) => row.variant },
  { name: "verdict", type: "string", describe: "what the answer says of MPTCP", value: ({ row }) => row.verdict },
  {
    name: "receiver_key",
    type: "string",
    describe: "MPTCP key of the host, 16 hexadecimal digits",
    value: ({ row }) => row.receiverKey?.toString(16).padStart(16, "0") ?? null,
  },
  {
    name: "rtt_us",
    type: "int",
    describe: "round-trip time in microseconds, where the probe's time came back",
    value: ({ row }) => row.rttUs,
  },
  {
    name: "target_port",
    type: "int",
    describe: "port that was probed, of ICMP errors too",
    value: ({ row }) => row.port,
  },
  { name: "index", type: "int", describe: "place of the target in the scan's order", value: ({ row }) => row.index },
  {
    name: "tcp_flags",
    type: "int",
    describe: "the eight TCP flags as a number",
    onRequest: true,
    value: (reply) => (isIcmp(reply) ? null : reply.row.tcpFlags),
  },
  {
    name: "icmp_quote",
    type: "string",
    describe: "packet that the ICMP error quotes, in hexadecimal digits",
    onRequest: true,
    value: (reply) => (isIcmp(reply) ? Buffer.from(reply.row.quote).toString("hex") : null),
  },
];
