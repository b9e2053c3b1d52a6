import { createPermutation } from "../../shared/target/permutation.js";
import { ADDRESS_BYTES, type AddressList, copyAddress } from "../hitlist/address-list.js";
import { sourcePermutationKey } from "./keys.js";
import type { CampaignRecord, Pass, SourceRecord } from "./record.js";
import type { CampaignSpec } from "./spec.js";
import type { TargetChunk } from "./store.js";

/** Ports that the same agents ask. */
export interface PortGroup {
  readonly ports: readonly number[];
  /** Selector text; empty matches every agent. */
  readonly selector: string;
}

/** The campaign's ports, grouped by selector, in the file's order. */
export function portGroups(spec: CampaignSpec): PortGroup[] {
  const groups = new Map<string, number[]>();
  for (const port of spec.ports) {
    const selector = (spec.placement.ports[String(port)] ?? "").trim();
    groups.set(selector, [...(groups.get(selector) ?? []), port]);
  }
  return [...groups].map(([selector, ports]) => ({ selector, ports }));
}

/** The passes that a campaign goes through. */
export function passesOf(spec: CampaignSpec): Pass[] {
  return [
    "synscan",
    ...(spec.placement.recheck === undefined ? [] : ["recheck" as const]),
    ...(spec.stages.verify === undefined ? [] : ["verify" as const]),
    ...(spec.stages.tracebox === undefined ? [] : ["tracebox" as const]),
    ...(spec.stages.timing === undefined ? [] : ["timing" as const]),
  ];
}

type Sized = Pick<CampaignRecord, "spec" | "ranges" | "addresses6" | "vantages">;

/** Sources of the SYN scan: computed for IPv4, listed for IPv6; one per vantage point in `replicate` mode. */
export function scanSources(campaign: Sized): SourceRecord[] {
  const { spec, ranges, addresses6 } = campaign;
  const addresses4 = ranges.reduce((sum, [first, last]) => sum + (last - first + 1), 0);
  const isReplicated = spec.placement.mode === "replicate";
  const vantages = isReplicated ? campaign.vantages : [null];
  return portGroups(spec).flatMap((group) =>
    (["v4", "v6"] as const).flatMap((family) => {
      const addresses = family === "v4" ? addresses4 : addresses6;
      return addresses === 0
        ? []
        : vantages.map((vantage) => ({
            ...source("synscan", family, group, vantage, { isShared: isReplicated, isListed: family === "v6" }),
            size: addresses * group.ports.length,
          }));
    }),
  );
}

/**
 * Sources that a later pass may have, before the store says how many targets each got: per family and port group (of
 * timing: port) one for each vantage point.
 */
export function laterSources(campaign: Sized, pass: Exclude<Pass, "synscan">): SourceRecord[] {
  const families = [campaign.ranges.length > 0 ? "v4" : null, campaign.addresses6 > 0 ? "v6" : null];
  const groups = portGroups(campaign.spec);
  // A host is in one place at a time, whatever its ports: those of a group must not be in one list.
  const parts = pass === "timing" ? groups.flatMap(onePortEach) : groups;
  return parts.flatMap((group) =>
    families.flatMap((family) =>
      family === null
        ? []
        : campaign.vantages.map((vantage) => source(pass, family as "v4" | "v6", group, vantage, OWN_LIST)),
    ),
  );
}

function onePortEach({ ports, selector }: PortGroup): PortGroup[] {
  return ports.map((port) => ({ ports: [port], selector }));
}

/** Later passes: what a vantage point asks depends on what it found. */
const OWN_LIST = { isShared: false, isListed: true };

/** At most so many targets in one chunk of a list. */
const CHUNK_TARGETS = 65_536;

/**
 * Targets of a frozen IPv6 list: each address with each port, numbered from 0 in an order keyed by the list's name. They
 * come in the order of the addresses; what index each has is the permutation's inverse.
 */
export async function* listedTargets(
  addresses: AddressList,
  ports: readonly number[],
  permutationKey: Uint8Array,
  list: string,
): AsyncGenerator<TargetChunk> {
  const permutation = createPermutation(addresses.count * ports.length, sourcePermutationKey(permutationKey, list));
  let number = 0;
  for await (const piece of addresses.pieces(Math.max(1, Math.floor(CHUNK_TARGETS / ports.length)))) {
    const count = (piece.length / ADDRESS_BYTES) * ports.length;
    const chunk = {
      indices: new Float64Array(count),
      addresses: new Uint8Array(count * ADDRESS_BYTES),
      ports: new Uint16Array(count),
    };
    for (let i = 0; i < count; i++) {
      chunk.indices[i] = permutation.indexOf(number++);
      copyAddress(piece, Math.floor(i / ports.length) * ADDRESS_BYTES, chunk.addresses, i * ADDRESS_BYTES);
      chunk.ports[i] = ports[i % ports.length] ?? 0;
    }
    yield chunk;
  }
}

function source(
  pass: Pass,
  family: "v4" | "v6",
  group: PortGroup,
  vantage: string | null,
  { isShared, isListed }: { readonly isShared: boolean; readonly isListed: boolean },
): SourceRecord {
  const everywhere = [pass, family, group.ports.join("+")].join("/");
  const id = vantage === null ? everywhere : `${everywhere}/${vantage}`;
  const order = isShared ? everywhere : id;
  const { ports, selector } = group;
  return {
    id,
    pass,
    family,
    ports,
    selector,
    vantage,
    order,
    list: isListed ? order : null,
    size: 0,
    rounds: [],
    skipped: 0,
  };
}
