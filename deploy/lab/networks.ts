import type { Behaviour } from "../../shared/middlebox/behaviour.js";
import { FULL_QUOTE } from "../../shared/middlebox/router.js";
import { OPTION_EXPERIMENT, OPTION_MPTCP } from "../../shared/option/tcp-options.js";
import type { HostVerdict, Placement, ViewVerdict } from "../../shared/verdict/names.js";

/** What listens on ports 80 and 443 of the network's host. */
export type ServerKind = "mptcp" | "tcp" | "none" | "silent";

/** A rule in the kernel of a router; it first shows in the quote of the router behind. */
export type KernelRule = "nop-fill" | "drop-option" | "reset-option" | "drop-unknown" | "clamp-mss";

/** The same rules as behaviours, for where there is no kernel. */
export const KERNEL_RULES: Readonly<Record<KernelRule, Behaviour>> = {
  "nop-fill": { kind: "strip", when: {}, options: [OPTION_MPTCP], fill: "nop" },
  "drop-option": { kind: "drop", when: { options: [OPTION_MPTCP] } },
  "reset-option": { kind: "reset", when: { options: [OPTION_MPTCP] }, both: false },
  "drop-unknown": { kind: "drop", when: { options: [OPTION_MPTCP, OPTION_EXPERIMENT] } },
  "clamp-mss": { kind: "clamp-mss", mss: 1380 },
};

/**
 * Where a box stands: on a link of its own between two routers, on a link that is there anyway, or in a router. The links
 * of their own are for what goes to one network, and answers come back another way; `bothWays` puts the box on the main
 * link instead, in the way of all networks.
 */
export type Site =
  | { readonly kind: "source"; readonly vantage: string; readonly bothWays?: true }
  | { readonly kind: "transit"; readonly bothWays?: true }
  | { readonly kind: "edge" }
  | { readonly kind: "before-edge" }
  | { readonly kind: "before-host" };

/**
 * A change, and how many hops behind the box's own router it first shows: more than one where a quote is too short, at the
 * host where only the answer tells it, and in an answer of the box's own where it speaks for the host.
 */
export interface Condition {
  readonly condition: string;
  readonly hops: number | "host" | "answer";
}

/** A bump in the wire (no router, no address, found only by what it does), or a rule in a router's kernel. */
export type Box =
  | { readonly site: Site; readonly behaviours: readonly Behaviour[] }
  | { readonly site: Site; readonly rule: KernelRule };

/** One destination network and what must be found of its host. */
export interface Network {
  readonly number: number;
  readonly name: string;
  readonly server: ServerKind;
  /** A router between edge and host. */
  readonly inner: boolean;
  readonly box?: Box;
  /** A second box, which some paths meet before the other one: it takes away what that would change. */
  readonly inFront?: { readonly box: Box; readonly conditions: readonly Condition[] };
  readonly hostVerdict: HostVerdict;
  readonly placement: Placement;
  /** What a vantage point sees whose path the box is on (all of them without a box) ... */
  readonly view: ViewVerdict;
  /** ... and one whose path it is not on. */
  readonly viewElsewhere?: ViewVerdict;
  /** What the traces of affected vantage points must show. */
  readonly conditions?: readonly Condition[];
  /** Over IPv6, where that differs. */
  readonly conditions6?: readonly Condition[];
  readonly placement6?: Placement;
}

const inSyn = { segment: "syn", direction: "forth" } as const;
const removeOption: Behaviour = { kind: "strip", when: inSyn, options: [OPTION_MPTCP], fill: "cut" };
const echoV0: Behaviour = { kind: "echo", options: "mptcp", lengths: [12] };
const echoAny: Behaviour = { kind: "echo", options: "mptcp" };
// Eight bytes are RFC 792's.
const shortQuotes: Behaviour = { kind: "requote", form: { ...FULL_QUOTE, bytes: 8 }, oneOf: 1 };

const next = (condition: string): readonly Condition[] => [{ condition, hops: 1 }];
const removed = next("tcp.option.mptcp.removed");
const nop = next("tcp.option.mptcp.nop");
const hidden = { server: "mptcp", hostVerdict: "mptcp", view: "plain", viewElsewhere: "claims-v1" } as const;
const nearHost = {
  server: "mptcp",
  inner: true,
  hostVerdict: "middlebox-near-host",
  placement: "near-destination",
  view: "plain",
} as const;
const blocked = {
  server: "tcp",
  inner: false,
  hostVerdict: "middlebox-near-host",
  placement: "near-destination",
} as const;
const echo = {
  server: "tcp",
  inner: false,
  hostVerdict: "echoing-middlebox",
  placement: "near-destination",
  view: "echo",
} as const;

/** The lab's destination networks. Addresses: 198.19.<number>.10 and 2001:db8:<number>::10. */
export const NETWORKS: readonly Network[] = [
  {
    number: 1,
    name: "mptcp",
    server: "mptcp",
    inner: false,
    hostVerdict: "mptcp",
    placement: "agree",
    view: "claims-v1",
  },
  {
    number: 2,
    name: "tcp",
    server: "tcp",
    inner: false,
    hostVerdict: "not-capable",
    placement: "agree",
    view: "plain",
  },
  {
    number: 3,
    name: "closed",
    server: "none",
    inner: false,
    hostVerdict: "not-capable",
    placement: "agree",
    view: "rst",
  },
  {
    number: 4,
    name: "silent",
    server: "silent",
    inner: false,
    hostVerdict: "not-reached",
    placement: "agree",
    view: "no-reply",
  },
  {
    number: 5,
    name: "echo-v0",
    ...echo,
    box: { site: { kind: "before-host" }, behaviours: [echoV0] },
    conditions: next("tcp.option.mptcp.echoed"),
  },
  {
    number: 6,
    name: "echo-any",
    ...echo,
    box: { site: { kind: "before-host" }, behaviours: [echoAny] },
    conditions: next("tcp.option.mptcp.echoed"),
  },
  {
    number: 7,
    name: "strip-near-source",
    ...hidden,
    inner: false,
    placement: "near-source",
    box: { site: { kind: "source", vantage: "sin" }, behaviours: [removeOption] },
    conditions: removed,
  },
  {
    number: 8,
    name: "nop-near-source",
    ...hidden,
    inner: false,
    placement: "near-source",
    box: { site: { kind: "source", vantage: "fra" }, rule: "nop-fill" },
    conditions: nop,
  },
  {
    number: 9,
    name: "strip-transit",
    ...hidden,
    inner: false,
    placement: "transit",
    box: { site: { kind: "transit" }, behaviours: [removeOption] },
    conditions: removed,
  },
  {
    number: 10,
    name: "nop-transit",
    ...hidden,
    inner: false,
    placement: "transit",
    box: { site: { kind: "transit" }, rule: "nop-fill" },
    conditions: nop,
  },
  {
    number: 11,
    name: "strip-near-destination",
    ...nearHost,
    box: { site: { kind: "edge" }, behaviours: [removeOption] },
    conditions: removed,
  },
  {
    number: 12,
    name: "nop-near-destination",
    ...nearHost,
    box: { site: { kind: "edge" }, rule: "nop-fill" },
    conditions: nop,
  },
  {
    number: 13,
    name: "syn-dropper",
    ...blocked,
    view: "blocked-on-mptcp",
    box: { site: { kind: "edge" }, rule: "drop-option" },
    conditions: next("tcp.option.mptcp.blocked"),
  },
  {
    number: 14,
    name: "rst-on-option",
    ...blocked,
    view: "blocked-on-mptcp",
    box: { site: { kind: "edge" }, rule: "reset-option" },
    conditions: next("tcp.option.mptcp.reset"),
  },
  {
    number: 15,
    name: "unknown-dropper",
    ...blocked,
    view: "blocked-on-unknown-option",
    box: { site: { kind: "edge" }, rule: "drop-unknown" },
    conditions: next("tcp.option.mptcp.blocked"),
  },
  {
    number: 16,
    name: "mss-clamp",
    server: "mptcp",
    inner: false,
    hostVerdict: "mptcp",
    placement: "transit",
    view: "claims-v1",
    viewElsewhere: "claims-v1",
    box: { site: { kind: "transit" }, rule: "clamp-mss" },
    conditions: next("tcp.option.mss.changed"),
  },
  {
    number: 17,
    name: "short-quotes",
    ...nearHost,
    box: { site: { kind: "before-edge" }, behaviours: [removeOption, shortQuotes] },
    // Eight quoted bytes do not show the option, but that the packet became shorter, and its control did not.
    conditions: removed,
  },
  {
    number: 18,
    name: "mptcp-inner",
    server: "mptcp",
    inner: true,
    hostVerdict: "mptcp",
    placement: "agree",
    view: "claims-v1",
  },
  {
    number: 19,
    name: "source-and-destination",
    ...nearHost,
    inFront: { box: { site: { kind: "source", vantage: "sin" }, behaviours: [removeOption] }, conditions: removed },
    box: { site: { kind: "edge" }, rule: "nop-fill" },
    conditions: nop,
  },
  {
    number: 20,
    name: "transit-and-destination",
    ...nearHost,
    inFront: { box: { site: { kind: "transit" }, rule: "nop-fill" }, conditions: nop },
    box: { site: { kind: "edge" }, behaviours: [removeOption] },
    conditions: removed,
  },
];

/** A site of the lab from which is measured. */
export interface VantagePoint {
  readonly name: string;
  readonly region: string;
  /** First router of the core on its way. */
  readonly core: "core-a" | "core-c";
}

export const VANTAGE_POINTS: readonly VantagePoint[] = [
  { name: "fra", region: "eu-central", core: "core-a" },
  { name: "nyc", region: "us-east", core: "core-a" },
  { name: "sin", region: "ap-southeast", core: "core-c" },
];

/** Ports of every server; at each vantage point a machine of its own asks each of them. */
export const PORTS = [80, 443] as const;

/** The first box on the path from a vantage point to a network, with what it shows; null where there is none. */
export function boxMet(
  { box, conditions = [], conditions6 = conditions, inFront }: Network,
  vantage: VantagePoint,
): { readonly box: Box; readonly conditions: readonly [readonly Condition[], readonly Condition[]] } | null {
  if (inFront !== undefined && isOnPath(inFront.box, vantage)) {
    return { box: inFront.box, conditions: [inFront.conditions, inFront.conditions] };
  }
  return box !== undefined && isOnPath(box, vantage) ? { box, conditions: [conditions, conditions6] } : null;
}

function isOnPath({ site }: Box, vantage: VantagePoint): boolean {
  if (site.kind === "source") return site.vantage === vantage.name;
  return site.kind !== "transit" || vantage.core === "core-a";
}

/** All boxes of a network. */
export function boxesOf({ box, inFront }: Network): readonly Box[] {
  return [...(inFront === undefined ? [] : [inFront.box]), ...(box === undefined ? [] : [box])];
}

export function hostAddresses(network: Network): readonly string[] {
  return [`198.19.${network.number}.10`, `2001:db8:${network.number}::10`];
}
