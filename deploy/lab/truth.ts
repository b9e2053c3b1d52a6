import type { HostVerdict, Placement, ViewVerdict } from "../../shared/verdict/names.js";
import { boxMet, hostAddresses, type Network, PORTS, VANTAGE_POINTS, type VantagePoint } from "./networks.js";
import type { Topology } from "./topology.js";

/** What a campaign must find of one target of the lab. */
export interface TruthTarget {
  readonly network: string;
  readonly address: string;
  readonly port: number;
  readonly hostVerdict: HostVerdict;
  readonly placement: Placement;
  readonly views: Readonly<Record<string, ViewVerdict>>;
  /** Vantage points whose handshakes get to a server, and whether they prove its MPTCP version 1. */
  readonly handshakes: Readonly<Record<string, "proved" | "unproved">>;
  readonly changes: readonly TruthChange[];
}

export interface TruthChange {
  readonly vantage: string;
  readonly condition: string;
  /** Last router that quotes the field as sent; null when that is the vantage point itself. */
  readonly after: string | null;
  /** First hop that shows the change. */
  readonly before: string;
}

/** The lab's own truth, from what it is built of: never from a measurement. */
export function truthOf(topology: Topology, networks: readonly Network[]): TruthTarget[] {
  return networks.flatMap((network) =>
    hostAddresses(network).flatMap((address, family) =>
      PORTS.map((port) => ({
        network: network.name,
        address,
        port,
        hostVerdict: network.hostVerdict,
        placement: (family === 1 ? network.placement6 : undefined) ?? network.placement,
        views: Object.fromEntries(VANTAGE_POINTS.map((vantage) => [vantage.name, viewOf(network, vantage)])),
        handshakes: handshakesOf(network),
        changes: VANTAGE_POINTS.flatMap((vantage) => changesOf(topology, network, vantage, port, family as 0 | 1)),
      })),
    ),
  );
}

/**
 * A kernel of MPTCP proves itself wherever its answer to the SYN comes through; a server of TCP never does, nor one whose
 * option a box takes out of SYNs, whatever the box makes of it.
 */
function handshakesOf(network: Network): TruthTarget["handshakes"] {
  const answering = VANTAGE_POINTS.map((vantage) => [vantage.name, viewOf(network, vantage)] as const).filter(
    ([, view]) => view === "claims-v1" || view === "plain" || view === "echo",
  );
  return Object.fromEntries(
    answering.map(([name, view]) => [name, network.server === "mptcp" && view === "claims-v1" ? "proved" : "unproved"]),
  );
}

function viewOf(network: Network, vantage: VantagePoint): ViewVerdict {
  return network.box === undefined || boxMet(network, vantage) !== null
    ? network.view
    : (network.viewElsewhere ?? network.view);
}

function changesOf(
  topology: Topology,
  network: Network,
  vantage: VantagePoint,
  port: number,
  family: 0 | 1,
): TruthChange[] {
  const met = boxMet(network, vantage);
  if (met === null) return [];
  const path = pathTo(topology, network, `${vantage.name}-${port}`, family);
  const at = (node: string) => path.findIndex((hop) => hop.node === node);
  // The hop whose outgoing side the box works on.
  const own = {
    source: () => at(`${vantage.name}-r1`),
    transit: () => at("core-a"),
    edge: () => at(`edge-${network.number}`),
    "before-edge": () => at("core-b"),
    "before-host": () => path.length - 2,
  }[met.box.site.kind]();
  return met.conditions[family].map(({ condition, hops }) => ({
    vantage: vantage.name,
    condition,
    after: (hops === "host" ? path.at(-2) : path[own])?.address ?? null,
    before: (hops === "host" || hops === "answer" ? path.at(-1) : path[own + hops])?.address ?? "",
  }));
}

/** The hops from a machine to a network's host, with the address that each answers with. */
function pathTo(topology: Topology, network: Network, machine: string, family: 0 | 1) {
  const up = ancestors(topology, machine);
  const down = ancestors(topology, `host-${network.number}`).reverse();
  const hops = [...up.slice(1), ...down.slice(1)];
  return hops.map((node, i) => {
    // A router answers with the address that faces the machine, on unnumbered links too.
    const toward = i === 0 ? machine : (hops[i - 1] ?? machine);
    return { node, address: topology.facing.get(node)?.get(toward)?.[family] ?? "" };
  });
}

/** A node and all above it, up to the root. */
function ancestors(topology: Topology, node: string): string[] {
  const parent = topology.parents.get(node);
  return parent === undefined ? [node] : [node, ...ancestors(topology, parent)];
}
