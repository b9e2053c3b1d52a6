import type { HostVerdict, Placement, ViewVerdict } from "../../../shared/verdict/names.js";
import type { Condition, Network, Site } from "../networks.js";
import type { ZooEntry, ZooSite } from "./entry.js";
import { HEADER_ENTRIES } from "./headers.js";
import { QUOTE_ENTRIES } from "./quotes.js";
import { STATEFUL_ENTRIES } from "./stateful.js";
import { SYN_OPTION_ENTRIES } from "./syn-options.js";

/** Every behaviour that SYNs or traces may meet, in the order of its number. */
export const ZOO: readonly ZooEntry[] = [
  ...SYN_OPTION_ENTRIES,
  ...HEADER_ENTRIES,
  ...STATEFUL_ENTRIES,
  ...QUOTE_ENTRIES,
];

/** Only `sin` looks through the first, `fra` and `nyc` through the second, all three through the last. */
function siteOf(site: ZooSite, { needsBothWays }: ZooEntry): Site {
  const bothWays = needsBothWays ? { bothWays: true as const } : {};
  switch (site) {
    case "near-source":
      return { kind: "source", vantage: "sin", ...bothWays };
    case "transit":
      return { kind: "transit", ...bothWays };
    case "near-destination":
      return { kind: "edge" };
  }
}

/**
 * The zoo at a site, as sets of networks that can be in one lab: a box that stands in the way of all networks has a lab
 * to itself.
 */
export function zooLabs(site: ZooSite): readonly (readonly Network[])[] {
  const isAlone = ({ needsBothWays }: ZooEntry): boolean => needsBothWays === true && site !== "near-destination";
  const together = ZOO.filter((entry) => !isAlone(entry)).map((entry, i) => zooNetwork(entry, site, i + 1));
  return [together, ...ZOO.filter(isAlone).map((entry) => [zooNetwork(entry, site, 1)])];
}

/** A destination network behind the box of an entry, with what must be found of its host. */
export function zooNetwork(entry: ZooEntry, site: ZooSite, number: number): Network {
  const { outcome, server, behaviours, id } = entry;
  const seen = clearView(server);
  return {
    number,
    name: `${id} ${site}`,
    server,
    inner: true,
    box: { site: siteOf(site, entry), behaviours },
    view: viewThrough(entry),
    viewElsewhere: seen,
    ...judgement(entry, site),
    ...(outcome.kind === "hides" || outcome.kind === "blocks" ? { conditions: conditionsAt(entry, site) } : {}),
    ...(outcome.kind === "hides" && outcome.conditions6 !== undefined ? { conditions6: outcome.conditions6 } : {}),
    ...(outcome.kind === "marks" ? marks(outcome.conditions, outcome.conditions6 ?? outcome.conditions, site) : {}),
    ...(outcome.kind === "echoes" ? { conditions: ECHOED } : {}),
    ...(outcome.kind === "proxies" && outcome.sites.includes(site) ? { conditions: PROXIED } : {}),
    ...(outcome.kind === "silenced" && site !== "near-destination" ? { conditions: PAST_SILENCE } : {}),
  };
}

function conditionsAt({ outcome }: ZooEntry, site: ZooSite): readonly Condition[] {
  if (!("conditions" in outcome)) return [];
  const alsoHere = site === "near-source" && outcome.kind === "hides" ? outcome.nearSource : undefined;
  return [...outcome.conditions, ...(alsoHere ?? [])];
}

/** A field that only one of the families has leaves the other's path as it is. */
function marks(conditions: readonly Condition[], conditions6: readonly Condition[], site: ZooSite) {
  const placement = (list: readonly Condition[]): Placement => (list.length === 0 ? "agree" : site);
  return { conditions, conditions6, placement: placement(conditions), placement6: placement(conditions6) };
}

/** Wherever the box stands: quotes show the option as sent up to the host, whose answer brings it back. */
const ECHOED = [{ condition: "tcp.option.mptcp.echoed", hops: "host" }] as const;

const PROXIED = [{ condition: "tcp.synack.proxied", hops: "answer" }] as const;

const PAST_SILENCE = [{ condition: "tcp.option.mptcp.removed", hops: 2 }] as const;

function clearView(server: ZooEntry["server"]): ViewVerdict {
  return server === "mptcp" ? "claims-v1" : "plain";
}

function viewThrough({ outcome, server }: ZooEntry): ViewVerdict {
  if ("view" in outcome) return outcome.view;
  if (outcome.kind === "proxies") return outcome.hides ? "plain" : clearView(server);
  return ["hides", "answers", "silenced"].includes(outcome.kind) ? "plain" : clearView(server);
}

/**
 * What all vantage points together say. One clear view is enough to know the host; a box that every path leads through
 * hides it for good.
 */
function judgement({ outcome, server }: ZooEntry, site: ZooSite): { hostVerdict: HostVerdict; placement: Placement } {
  const clear: HostVerdict = server === "mptcp" ? "mptcp" : "not-capable";
  const isForAll = site === "near-destination";
  switch (outcome.kind) {
    case "hides":
    case "blocks":
      return { hostVerdict: isForAll ? "middlebox-near-host" : clear, placement: site };
    case "marks":
      return { hostVerdict: clear, placement: site };
    case "echoes":
      // Who sees the echo tells where it comes from, no hop does.
      return isForAll
        ? { hostVerdict: "echoing-middlebox", placement: site }
        : { hostVerdict: clear, placement: "uncertain" };
    case "proxies":
      if (outcome.sites.includes(site)) {
        return { hostVerdict: isForAll && outcome.hides ? "middlebox-near-host" : clear, placement: site };
      }
      return isForAll
        ? { hostVerdict: outcome.hides ? "not-capable" : clear, placement: "agree" }
        : { hostVerdict: clear, placement: outcome.hides ? "uncertain" : "agree" };
    case "answers":
      return isForAll
        ? { hostVerdict: "not-capable", placement: "agree" }
        : { hostVerdict: clear, placement: "uncertain" };
    case "silenced":
      // The last router before the host leaves nothing to see; any other, an interval that reaches over it: near the
      // source it reaches beyond what is near.
      return isForAll
        ? { hostVerdict: "not-capable", placement: "agree" }
        : { hostVerdict: clear, placement: site === "near-source" ? "uncertain" : site };
    case "unseen":
      return { hostVerdict: clear, placement: "agree" };
  }
}
