import { OPTION_MPTCP } from "../../../shared/option/tcp-options.js";
import { box, next, ZOO_SITES, type ZooEntry } from "./entry.js";

const MP_JOIN = 1;
const DSS = 2;
const ADD_ADDR = 3;
const NO_DATA = "the SYNs of a scan carry no data, and no connection follows them";
const IN_ITS_NAME = "the box answers in the host's name: the SYN ends there, and no router behind it quotes it";

/** D, E and F: boxes with memory, what comes behind the handshake, injection. */
export const STATEFUL_ENTRIES: readonly ZooEntry[] = [
  {
    id: "26a",
    name: "SYN proxy that answers before the server, and knows no MPTCP",
    server: "mptcp",
    behaviours: box({ kind: "answer" }),
    outcome: { kind: "answers", why: IN_ITS_NAME },
  },
  {
    id: "26b",
    name: "SYN proxy whose SYN/ACK has no window (Linux' SYNPROXY)",
    server: "mptcp",
    behaviours: box({ kind: "answer", window: 0 }),
    outcome: { kind: "proxies", sites: ZOO_SITES, hides: true, why: "" },
  },
  {
    id: "26c",
    name: "SYN proxy that lets SYNs pass whose options it does not know",
    server: "mptcp",
    behaviours: box({ kind: "answer", when: { unknownOption: false } }),
    outcome: { kind: "proxies", sites: ZOO_SITES, hides: false, why: "" },
  },
  {
    id: "27",
    name: "split TCP: the SYN and the server's SYN/ACK are made anew, without MPTCP",
    server: "mptcp",
    behaviours: box(
      { kind: "strip", options: [OPTION_MPTCP], fill: "cut" },
      { kind: "set", when: { segment: "syn-ack", direction: "back" }, field: "ttl", value: 64 },
    ),
    needsBothWays: true,
    outcome: {
      kind: "hides",
      conditions: next("tcp.option.mptcp.removed"),
      nearSource: next("tcp.synack.proxied"),
    },
  },
  {
    id: "28",
    name: "transparent proxy on port 80",
    server: "mptcp",
    behaviours: box({ kind: "answer", when: { ports: [80] } }),
    outcome: {
      kind: "proxies",
      sites: ["near-source", "transit"],
      hides: true,
      why: "near the host: a machine of its own for a port, one hop farther, looks the same",
    },
  },
  {
    id: "29",
    name: "load balancer that resets MP_JOIN",
    server: "mptcp",
    behaviours: box({ kind: "reset", when: { segment: "syn", subtypes: [MP_JOIN] } }),
    outcome: { kind: "unseen", why: "the SYNs of a scan carry MP_CAPABLE" },
  },
  {
    id: "30",
    name: "firewall that drops data in SYNs",
    server: "mptcp",
    behaviours: box({ kind: "drop", when: { segment: "syn", payload: true } }),
    outcome: { kind: "unseen", why: NO_DATA },
  },
  {
    id: "32",
    name: "segments split, options copied to both parts",
    server: "mptcp",
    behaviours: box({ kind: "split", bytes: 512, options: "both" }),
    outcome: { kind: "unseen", why: NO_DATA },
  },
  {
    id: "35",
    name: "data segments sent twice",
    server: "mptcp",
    behaviours: box({ kind: "duplicate", when: { segment: "data" } }),
    outcome: { kind: "unseen", why: NO_DATA },
  },
  {
    id: "36",
    name: "DSS cut out",
    server: "mptcp",
    behaviours: box({ kind: "strip", options: [OPTION_MPTCP], subtypes: [DSS], fill: "cut" }),
    outcome: { kind: "unseen", why: NO_DATA },
  },
  {
    id: "37",
    name: "ADD_ADDR cut out",
    server: "mptcp",
    behaviours: box({ kind: "strip", options: [OPTION_MPTCP], subtypes: [ADD_ADDR], fill: "cut" }),
    outcome: { kind: "unseen", why: NO_DATA },
  },
  {
    id: "38",
    name: "new subflows (SYN with MP_JOIN) dropped",
    server: "mptcp",
    behaviours: box({ kind: "drop", when: { segment: "syn", subtypes: [MP_JOIN] } }),
    outcome: { kind: "unseen", why: "the SYNs of a scan carry MP_CAPABLE" },
  },
  {
    id: "39",
    name: "options cut out of pure acknowledgements",
    server: "mptcp",
    behaviours: box({ kind: "strip", when: { segment: "pure-ack" }, options: [OPTION_MPTCP], fill: "cut" }),
    outcome: { kind: "unseen", why: NO_DATA },
  },
  {
    id: "40",
    name: "RST injected both ways for SYNs with option 30",
    server: "tcp",
    behaviours: box({ kind: "reset", when: { segment: "syn", options: [OPTION_MPTCP] }, both: true }),
    outcome: { kind: "blocks", view: "blocked-on-mptcp", conditions: next("tcp.option.mptcp.reset") },
  },
];
