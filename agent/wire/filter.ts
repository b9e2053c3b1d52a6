import { PROTOCOL_TCP } from "../../shared/packet/ip.js";
import { TCP_ACK, TCP_SYN } from "../../shared/packet/tcp.js";
import { FIRST_SOURCE_PORT } from "../../shared/probe/fields.js";
import { FIRST_HANDSHAKE_PORT, LAST_HANDSHAKE_PORT } from "../../shared/probe/handshake-ports.js";
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from "./ethernet.js";
import { NEIGHBOR_ADVERTISEMENT } from "./neighbor-discovery.js";

/**
 * Kernel-side filters in classic BPF (Linux Documentation/networking/filter.rst). That of the packet port: of what comes
 * in on the interface, hand up ICMP and ICMPv6 errors and TCP to the probes' and handshakes' source ports; not what this
 * host sends.
 */

// struct sock_filter { u16 code; u8 jt; u8 jf; u32 k }
const LOAD_WORD = 0x20;
const LOAD_HALF = 0x28;
const LOAD_BYTE = 0x30;
const LOAD_HALF_AT_X = 0x48;
const LOAD_BYTE_AT_X = 0x50;
const LOAD_X_IPV4_HEADER_LENGTH = 0xb1;
const IF_EQUAL = 0x15;
const IF_AT_LEAST = 0x35;
const IF_ANY_BIT = 0x45;
const RETURN = 0x06;
/** SKF_AD_OFF + SKF_AD_PKTTYPE: direction instead of a byte of the packet. */
const PACKET_TYPE = 0xffff_f004;
const PACKET_OUTGOING = 4;

const ETHERNET = 14;
const ICMP_ECHO_REPLY = 0;
const ICMP_ECHO = 8;
/** The first type that is no error (RFC 4443 section 2.1): echo, neighbour discovery. */
const ICMPV6_INFORMATIONAL = 128;
/** From the beginning of a TCP header. */
const TCP_FLAGS_AT = 13;
/** The whole frame. */
const ACCEPT_BYTES = 0x4_0000;

type Label = "next" | "accept" | "drop" | "icmp" | "ipv6" | "icmpv6" | "tcp4" | "tcp6";
type Step =
  | { readonly code: number; readonly k: number; readonly yes?: Label; readonly no?: Label }
  | { readonly label: Label };

/** Builds the filter for what comes to the ports that probes and handshakes are sent from. */
export function replyFilter(): Uint8Array {
  return assemble([
    { code: LOAD_WORD, k: PACKET_TYPE },
    { code: IF_EQUAL, k: PACKET_OUTGOING, yes: "drop", no: "next" },
    { code: LOAD_HALF, k: 12 },
    { code: IF_EQUAL, k: ETHERTYPE_IPV6, yes: "ipv6", no: "next" },
    { code: IF_EQUAL, k: ETHERTYPE_IPV4, yes: "next", no: "drop" },
    { code: LOAD_BYTE, k: ETHERNET + 9 },
    { code: IF_EQUAL, k: 1, yes: "icmp", no: "next" },
    { code: IF_EQUAL, k: 6, yes: "tcp4", no: "drop" },
    { label: "tcp4" },
    { code: LOAD_HALF, k: ETHERNET + 6 },
    { code: IF_ANY_BIT, k: 0x1fff, yes: "drop", no: "next" },
    { code: LOAD_X_IPV4_HEADER_LENGTH, k: ETHERNET },
    { code: LOAD_HALF_AT_X, k: ETHERNET + 2 },
    { code: IF_AT_LEAST, k: FIRST_SOURCE_PORT, yes: "accept", no: "next" },
    { code: IF_AT_LEAST, k: LAST_HANDSHAKE_PORT + 1, yes: "drop", no: "next" },
    { code: IF_AT_LEAST, k: FIRST_HANDSHAKE_PORT, yes: "accept", no: "drop" },
    { label: "icmp" },
    { code: LOAD_X_IPV4_HEADER_LENGTH, k: ETHERNET },
    { code: LOAD_BYTE_AT_X, k: ETHERNET },
    { code: IF_EQUAL, k: ICMP_ECHO, yes: "drop", no: "next" },
    { code: IF_EQUAL, k: ICMP_ECHO_REPLY, yes: "drop", no: "accept" },
    { label: "ipv6" },
    { code: LOAD_BYTE, k: ETHERNET + 6 },
    { code: IF_EQUAL, k: 58, yes: "icmpv6", no: "next" },
    { code: IF_EQUAL, k: 6, yes: "tcp6", no: "drop" },
    { label: "icmpv6" },
    { code: LOAD_BYTE, k: ETHERNET + 40 },
    { code: IF_AT_LEAST, k: ICMPV6_INFORMATIONAL, yes: "drop", no: "accept" },
    { label: "tcp6" },
    { code: LOAD_HALF, k: ETHERNET + 40 + 2 },
    { code: IF_AT_LEAST, k: FIRST_SOURCE_PORT, yes: "accept", no: "next" },
    { code: IF_AT_LEAST, k: LAST_HANDSHAKE_PORT + 1, yes: "drop", no: "next" },
    { code: IF_AT_LEAST, k: FIRST_HANDSHAKE_PORT, yes: "accept", no: "drop" },
    { label: "accept" },
    { code: RETURN, k: ACCEPT_BYTES },
    { label: "drop" },
    { code: RETURN, k: 0 },
  ]);
}

/** Builds the filter for SYNs without ACK to some ports, over both families, fragments left out. */
export function synFilter(ports: readonly number[]): Uint8Array {
  const toPorts: Step[] = ports.map((port) => ({ code: IF_EQUAL, k: port, yes: "accept", no: "next" }));
  return assemble([
    { code: LOAD_HALF, k: 12 },
    { code: IF_EQUAL, k: ETHERTYPE_IPV6, yes: "tcp6", no: "next" },
    { code: IF_EQUAL, k: ETHERTYPE_IPV4, yes: "next", no: "drop" },
    { code: LOAD_BYTE, k: ETHERNET + 9 },
    { code: IF_EQUAL, k: PROTOCOL_TCP, yes: "next", no: "drop" },
    { code: LOAD_HALF, k: ETHERNET + 6 },
    { code: IF_ANY_BIT, k: 0x1fff, yes: "drop", no: "next" },
    { code: LOAD_X_IPV4_HEADER_LENGTH, k: ETHERNET },
    { code: LOAD_BYTE_AT_X, k: ETHERNET + TCP_FLAGS_AT },
    { code: IF_ANY_BIT, k: TCP_ACK, yes: "drop", no: "next" },
    { code: IF_ANY_BIT, k: TCP_SYN, yes: "next", no: "drop" },
    { code: LOAD_HALF_AT_X, k: ETHERNET + 2 },
    ...toPorts,
    { code: RETURN, k: 0 },
    { label: "tcp6" },
    { code: LOAD_BYTE, k: ETHERNET + 6 },
    { code: IF_EQUAL, k: PROTOCOL_TCP, yes: "next", no: "drop" },
    { code: LOAD_BYTE, k: ETHERNET + 40 + TCP_FLAGS_AT },
    { code: IF_ANY_BIT, k: TCP_ACK, yes: "drop", no: "next" },
    { code: IF_ANY_BIT, k: TCP_SYN, yes: "next", no: "drop" },
    { code: LOAD_HALF, k: ETHERNET + 40 + 2 },
    ...toPorts,
    { label: "drop" },
    { code: RETURN, k: 0 },
    { label: "accept" },
    { code: RETURN, k: ACCEPT_BYTES },
  ]);
}

/** Builds the filter of those who ask for a neighbour's MAC address: ARP, and neighbour advertisements. */
export function neighborFilter(): Uint8Array {
  return assemble([
    { code: LOAD_HALF, k: 12 },
    { code: IF_EQUAL, k: ETHERTYPE_ARP, yes: "accept", no: "next" },
    { code: IF_EQUAL, k: ETHERTYPE_IPV6, yes: "next", no: "drop" },
    { code: LOAD_BYTE, k: ETHERNET + 6 },
    { code: IF_EQUAL, k: 58, yes: "next", no: "drop" },
    { code: LOAD_BYTE, k: ETHERNET + 40 },
    { code: IF_EQUAL, k: NEIGHBOR_ADVERTISEMENT, yes: "accept", no: "drop" },
    { label: "accept" },
    { code: RETURN, k: ACCEPT_BYTES },
    { label: "drop" },
    { code: RETURN, k: 0 },
  ]);
}

/** Resolves the labels; jumps only go forward, as the kernel demands. */
function assemble(steps: readonly Step[]): Uint8Array {
  const places = new Map<Label, number>();
  let count = 0;
  for (const step of steps) {
    if ("label" in step) places.set(step.label, count);
    else count++;
  }
  const program = new DataView(new ArrayBuffer(count * 8));
  let at = 0;
  for (const step of steps) {
    if ("label" in step) continue;
    const jump = (to: Label | undefined): number =>
      to === undefined || to === "next" ? 0 : (places.get(to) ?? at + 1) - at - 1;
    program.setUint16(at * 8, step.code, true);
    program.setUint8(at * 8 + 2, jump(step.yes));
    program.setUint8(at * 8 + 3, jump(step.no));
    program.setUint32(at * 8 + 4, step.k, true);
    at++;
  }
  return new Uint8Array(program.buffer);
}
