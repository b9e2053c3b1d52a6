import { addressFamily, parseAddress } from "../../shared/address/address.js";
import type { Target } from "../../shared/target/source.js";
import type { SourceRecord } from "../campaign/record.js";
import { portGroups } from "../campaign/sources.js";
import type { CampaignSpec } from "../campaign/spec.js";

/** Ids of canary sources begin so; comparisons (coordinator/replay/present.ts) leave out their rows. */
const CANARY_PREFIX = "canary/";

/** More rounds than any campaign comes to: its canaries are asked until it is over. */
const ROUNDS = 2 ** 32;

/**
 * Target sources of a campaign's canaries, one for each family and port group that has any. Such a source is the list of
 * its canaries over and over: index i is canary number `i mod count`. It is leased a round at a time like any other
 * list, so rows, marks and coverage need nothing of their own, and an agent of any version can work on it.
 */
export function canarySources(spec: CampaignSpec): SourceRecord[] {
  return portGroups(spec).flatMap(({ ports, selector }) =>
    (["v4", "v6"] as const).flatMap((family) => {
      const id = `${CANARY_PREFIX}${family}/${ports.join("+")}`;
      const count = canariesOf(spec, { family, ports }).length;
      const size = count * ROUNDS;
      return count === 0
        ? []
        : [
            {
              id,
              pass: "canary",
              family,
              ports,
              selector,
              vantage: null,
              order: id,
              list: id,
              size,
              rounds: [],
              skipped: 0,
            },
          ];
    }),
  );
}

/** The canaries of a source, in the file's order. */
export function canariesOf(
  spec: CampaignSpec,
  { family, ports }: Pick<SourceRecord, "family" | "ports">,
): CampaignSpec["canaries"] {
  return spec.canaries.filter(
    ({ target, port }) => ports.includes(port) && addressFamily(parseAddress(target)) === (family === "v4" ? 4 : 6),
  );
}

/** The canary that an index of a source stands for. */
export function canaryAt(spec: CampaignSpec, source: SourceRecord, index: number): CampaignSpec["canaries"][number] {
  const canaries = canariesOf(spec, source);
  const canary = canaries[index % canaries.length];
  if (canary === undefined) {
    throw new RangeError(`${source.id} has no index ${index}`);
  }
  return canary;
}

/** Targets of the indices `[from, to)`. No more than one round holds each canary once. */
export function canaryTargets(spec: CampaignSpec, source: SourceRecord, from: number, to: number): Target[] {
  return Array.from({ length: to - from }, (_, i) => {
    const { target, port } = canaryAt(spec, source, from + i);
    return { address: parseAddress(target), port };
  });
}
