import { addressFamily, formatAddress } from "../address/address.js";
import type { OutputField } from "./field.js";
import type { ScannedReply } from "./reply.js";

/** Fields of every reply: addresses, what kind of answer it is, when it came, and what an ICMP error says. */
export const IP_FIELDS: readonly OutputField[] = [
  {
    name: "saddr",
    type: "string",
    describe: "address that was probed and answers; of an ICMP error the one that was probed",
    value: ({ row }) => formatAddress(row.target),
  },
  {
    name: "saddr_raw",
    type: "int",
    describe: "saddr as an integer in network order, as ZMap on x86 prints it; IPv4 only",
    onRequest: true,
    value: ({ row }) => rawAddress(row.target),
  },
  {
    name: "daddr",
    type: "string",
    describe: "our own address, that the reply was sent to",
    value: ({ header }) => (header === null ? null : formatAddress(header.destination)),
  },
  {
    name: "daddr_raw",
    type: "int",
    describe: "daddr as an integer in network order, as ZMap on x86 prints it; IPv4 only",
    onRequest: true,
    value: ({ header }) => (header === null ? null : rawAddress(header.destination)),
  },
  {
    name: "ipid",
    type: "int",
    describe: "IPv4 identification of the reply",
    value: ({ header }) => header?.ipId ?? null,
  },
  { name: "ttl", type: "int", describe: "TTL or hop limit of the reply", value: ({ row }) => row.ttl },
  {
    name: "classification",
    type: "string",
    describe: "synack, rst or icmp",
    value: (reply) => classificationOf(reply),
  },
  {
    name: "success",
    type: "bool",
    describe: "the port is open: the reply is a SYN/ACK",
    value: (reply) => isSuccess(reply),
  },
  {
    name: "repeat",
    type: "bool",
    describe: "further reply to the same probe: a scan counts these and prints none",
    value: ({ repeat }) => repeat,
  },
  {
    name: "cooldown",
    type: "bool",
    describe: "it came after the last probe was sent",
    value: ({ cooldown }) => cooldown,
  },
  {
    name: "timestamp_str",
    type: "string",
    describe: "when it came, ISO 8601 in UTC",
    onRequest: true,
    value: ({ row }) => new Date(row.receivedAtUs / 1000).toISOString().replace("Z", "+0000"),
  },
  {
    name: "timestamp_ts",
    type: "int",
    describe: "when it came, whole seconds of Unix time",
    value: ({ row }) => Math.floor(row.receivedAtUs / 1e6),
  },
  {
    name: "timestamp_us",
    type: "int",
    describe: "when it came, microseconds behind timestamp_ts",
    value: ({ row }) => row.receivedAtUs % 1e6,
  },
  {
    name: "icmp_responder",
    type: "string",
    describe: "source of the ICMP error",
    value: (reply) => (isIcmp(reply) ? formatAddress(reply.row.responder) : null),
  },
  {
    name: "icmp_type",
    type: "int",
    describe: "type of the ICMP error",
    value: (reply) => (isIcmp(reply) ? reply.row.icmpType : null),
  },
  {
    name: "icmp_code",
    type: "int",
    describe: "code of the ICMP error",
    value: (reply) => (isIcmp(reply) ? reply.row.icmpCode : null),
  },
  {
    name: "icmp_unreach_str",
    type: "string",
    describe: "code of a destination unreachable in words",
    value: (reply) => unreachableWords(reply),
  },
];

/** A reply without a TCP header is an ICMP error, and has no other verdict. */
export function isIcmp({ row }: ScannedReply): boolean {
  return row.verdict === "unreachable";
}

/** An open port, as ZMap counts it. */
export function isSuccess(reply: ScannedReply): boolean {
  return classificationOf(reply) === "synack";
}

function classificationOf(reply: ScannedReply): "synack" | "rst" | "icmp" {
  if (isIcmp(reply)) return "icmp";
  return reply.row.verdict === "rst" ? "rst" : "synack";
}

/** `in_addr.s_addr` of a little-endian machine. */
function rawAddress(address: Uint8Array): number | null {
  if (addressFamily(address) === 6) return null;
  return Buffer.from(address.buffer, address.byteOffset, 16).readUInt32LE(12);
}

/** RFC 792 and RFC 1812 section 5.2.7.1, in ZMap's words. */
const UNREACHABLE_V4 = [
  "network unreachable",
  "host unreachable",
  "protocol unreachable",
  "port unreachable",
  "fragments required",
  "source route failed",
  "network unknown",
  "host unknown",
  "source host isolated",
  "network admin. prohibited",
  "host admin. prohibited",
  "network unreachable TOS",
  "host unreachable TOS",
  "communication admin. prohibited",
  "host presdence violation",
  "precedence cutoff",
] as const;

/** RFC 4443 section 3.1. */
const UNREACHABLE_V6 = [
  "no route to destination",
  "communication admin. prohibited",
  "beyond scope of source address",
  "address unreachable",
  "port unreachable",
  "source address failed policy",
  "reject route to destination",
] as const;

function unreachableWords(reply: ScannedReply): string | null {
  if (!isIcmp(reply)) return null;
  const { icmpType, icmpCode, responder } = reply.row;
  const isIpv4 = addressFamily(responder) === 4;
  if (icmpType !== (isIpv4 ? 3 : 1)) return null;
  return (isIpv4 ? UNREACHABLE_V4 : UNREACHABLE_V6)[icmpCode] ?? "unknown";
}
