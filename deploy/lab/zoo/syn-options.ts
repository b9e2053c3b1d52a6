import { OPTION_MPTCP } from "../../../shared/option/tcp-options.js";
import { box, next, type ZooEntry } from "./entry.js";

/** Quotes of IPv6 tell their TTL by the timestamps alone: without, hops are told apart by time, and not for certain. */
export const TIMESTAMPS_GONE = "9b";

const MPTCP = [OPTION_MPTCP];
/** MSS stays: without it a path is hardly usable. */
const SACK_PERMITTED = 4;
const TIMESTAMPS = 8;
const WINDOW_SCALE = 3;
const MP_CAPABLE = 0;
const MP_JOIN = 1;
const HANDSHAKE_ONLY = "the change comes behind the SYN exchange, and a SYN scan ends with it";

/** A: what boxes do to options in the SYN exchange. */
export const SYN_OPTION_ENTRIES: readonly ZooEntry[] = [
  {
    id: "1",
    name: "option 30 cut out, the header becomes shorter",
    server: "mptcp",
    behaviours: box({ kind: "strip", options: MPTCP, fill: "cut" }),
    outcome: { kind: "hides", conditions: next("tcp.option.mptcp.removed") },
  },
  {
    id: "2",
    name: "option 30 overwritten with NOPs",
    server: "mptcp",
    behaviours: box({ kind: "strip", options: MPTCP, fill: "nop" }),
    outcome: { kind: "hides", conditions: next("tcp.option.mptcp.nop") },
  },
  {
    id: "3a",
    name: "option 30 overwritten in SYNs alone (PAN-OS as delivered)",
    server: "mptcp",
    behaviours: box({ kind: "strip", when: { segment: "syn" }, options: MPTCP, fill: "nop" }),
    outcome: { kind: "hides", conditions: next("tcp.option.mptcp.nop") },
  },
  {
    id: "3b",
    name: "option 30 cut out of SYN/ACKs alone",
    server: "mptcp",
    behaviours: box({ kind: "strip", when: { segment: "syn-ack" }, options: MPTCP, fill: "cut" }),
    needsBothWays: true,
    outcome: { kind: "answers", why: "routers quote what goes to the host, nobody quotes its answer" },
  },
  {
    id: "3c",
    name: "option 30 cut out behind the handshake",
    server: "mptcp",
    behaviours: box({ kind: "strip", when: { segment: "data" }, options: MPTCP, fill: "cut" }),
    outcome: { kind: "unseen", why: HANDSHAKE_ONLY },
  },
  {
    id: "3d",
    name: "MP_JOIN cut out, MP_CAPABLE let through",
    server: "mptcp",
    behaviours: box({ kind: "strip", options: MPTCP, subtypes: [MP_JOIN], fill: "cut" }),
    outcome: { kind: "unseen", why: "the SYNs of a scan carry MP_CAPABLE" },
  },
  {
    id: "3e",
    name: "MP_CAPABLE cut out, other subtypes let through",
    server: "mptcp",
    behaviours: box({ kind: "strip", options: MPTCP, subtypes: [MP_CAPABLE], fill: "cut" }),
    outcome: { kind: "hides", conditions: next("tcp.option.mptcp.removed") },
  },
  {
    id: "4a",
    name: "a SYN with option 30 dropped",
    server: "tcp",
    behaviours: box({ kind: "drop", when: { segment: "syn", options: MPTCP } }),
    outcome: { kind: "blocks", view: "blocked-on-mptcp", conditions: next("tcp.option.mptcp.blocked") },
  },
  {
    id: "4b",
    name: "a SYN with any unknown option dropped",
    server: "tcp",
    behaviours: box({ kind: "drop", when: { segment: "syn", unknownOption: true } }),
    outcome: { kind: "blocks", view: "blocked-on-unknown-option", conditions: next("tcp.option.mptcp.blocked") },
  },
  {
    id: "5",
    name: "a SYN with option 30 answered with RST",
    server: "tcp",
    behaviours: box({ kind: "reset", when: { segment: "syn", options: MPTCP } }),
    outcome: { kind: "blocks", view: "blocked-on-mptcp", conditions: next("tcp.option.mptcp.reset") },
  },
  {
    id: "6",
    name: "all unknown options of the SYN sent back in the SYN/ACK",
    server: "tcp",
    behaviours: box({ kind: "echo", options: "unknown" }),
    needsBothWays: true,
    outcome: { kind: "echoes", view: "echo" },
  },
  {
    id: "7a",
    name: "option 30 sent back with its flags altered",
    server: "tcp",
    behaviours: box({ kind: "echo", options: "mptcp", alter: "flags" }),
    needsBothWays: true,
    outcome: { kind: "echoes", view: "altered-echo" },
  },
  {
    id: "7b",
    name: "option 30 sent back as its first four bytes",
    server: "tcp",
    behaviours: box({ kind: "echo", options: "mptcp", alter: "shortened" }),
    needsBothWays: true,
    outcome: { kind: "echoes", view: "echo" },
  },
  {
    id: "7c",
    name: "option 30 of 12 bytes (version 0) alone sent back",
    server: "tcp",
    behaviours: box({ kind: "echo", options: "mptcp", lengths: [12] }),
    needsBothWays: true,
    outcome: { kind: "echoes", view: "echo" },
  },
  {
    id: "8",
    name: "options put into another order",
    server: "mptcp",
    behaviours: box({ kind: "reorder-options" }),
    outcome: { kind: "marks", conditions: next("tcp.option.order.changed") },
  },
  {
    id: "9a",
    name: "SACK and window scale overwritten with NOPs",
    server: "mptcp",
    behaviours: box({ kind: "strip", options: [SACK_PERMITTED, WINDOW_SCALE], fill: "nop" }),
    outcome: { kind: "marks", conditions: next("tcp.option.sackok.nop", "tcp.option.ws.nop") },
  },
  {
    id: TIMESTAMPS_GONE,
    name: "timestamps overwritten with NOPs",
    server: "mptcp",
    behaviours: box({ kind: "strip", options: [TIMESTAMPS], fill: "nop" }),
    outcome: { kind: "marks", conditions: next("tcp.option.ts.nop") },
  },
  {
    id: "10",
    name: "a SYN with more than 28 bytes of options dropped",
    server: "mptcp",
    behaviours: box({ kind: "drop", when: { segment: "syn", optionBytesOver: 28 } }),
    // A SYN of version 0 has 32 bytes of them, one of version 1 has 24.
    outcome: { kind: "marks", conditions: next("tcp.option.mptcp.blocked") },
  },
  {
    id: "11",
    name: "options cut off behind the second unknown one",
    server: "mptcp",
    behaviours: box({ kind: "truncate-options", unknown: 1 }),
    outcome: { kind: "unseen", why: "a SYN has one unknown option" },
  },
];
