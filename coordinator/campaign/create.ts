import { createHash } from "node:crypto";
import { formatPrefix } from "../../shared/address/prefix.js";
import { UserError } from "../../shared/errors.js";
import type { OptOutList } from "../../shared/optout/list.js";
import type { AddressList } from "../hitlist/address-list.js";
import type { FrozenHitlist, Hitlists, SentFile } from "../hitlist/hitlists.js";
import type { OpeningAgent } from "../hitlist/judge.js";
import type { AgentIdentity } from "../session/agent.js";
import { campaignKeys } from "./keys.js";
import { createMatcher } from "./matching.js";
import type { CampaignRecord } from "./record.js";
import { listedTargets, scanSources } from "./sources.js";
import { type CampaignSpec, parseCampaign } from "./spec.js";
import type { CampaignStore } from "./store.js";
import { leftOut, resolveTargets } from "./targets.js";

export interface CampaignFile {
  /** The YAML text. */
  readonly text: string;
  /** The file that `targets.ipv6.hitlist` names. */
  readonly hitlist?: SentFile;
  /** The file that `targets.ipv6.aliased` names. */
  readonly aliased?: SentFile;
}

export interface NewCampaignInput {
  readonly file: CampaignFile;
  /** The file's hitlist as it was read; null where it has none. */
  readonly hitlist: FrozenHitlist | null;
  readonly agents: readonly AgentIdentity[];
  /** Unix time in milliseconds. */
  readonly wallMs: number;
  readonly isTaken: (id: string) => boolean;
  readonly random: (bytes: number) => Uint8Array;
  readonly coordinatorVersion: string;
  readonly optOuts: OptOutList;
}

export interface NewCampaign {
  readonly record: CampaignRecord;
  readonly addresses6: AddressList;
}

/** Reads the hitlist of a campaign, if it names one that was sent along. Rejects with UserError for what is wrong in it. */
export async function readHitlist(
  hitlists: Hitlists,
  file: CampaignFile,
  agents: readonly AgentIdentity[],
  optOuts: OptOutList,
): Promise<FrozenHitlist | null> {
  const spec = parseCampaign(file.text);
  const { ipv6 } = spec.targets;
  if (Array.isArray(ipv6) || file.hitlist === undefined) {
    return null;
  }
  if (ipv6.aliased !== undefined && file.aliased === undefined) {
    throw new UserError(`targets.ipv6.aliased: ${ipv6.aliased} was not sent along`, {
      remedy: "send the prefixes with the campaign",
      exitCode: 2,
    });
  }
  return hitlists.freeze({
    hitlist: file.hitlist,
    aliased: file.aliased ?? null,
    exclude: [...leftOut(spec), ...optOuts.prefixes.map(formatPrefix)],
    agents: openingAgents(spec, agents),
  });
}

/** A campaign from its file. Throws UserError for whatever is wrong in it. */
export function newCampaign(input: NewCampaignInput): NewCampaign {
  const { file, hitlist, wallMs, coordinatorVersion, optOuts } = input;
  const spec = parseCampaign(file.text);
  const { ranges, addresses6, notes } = resolveTargets(
    spec,
    hitlist,
    openingAgents(spec, input.agents),
    optOuts.prefixes,
  );
  const pairs = ranges.map(({ first, last }) => [first, last] as const);
  const record: CampaignRecord = {
    id: uniqueId(spec.series, wallMs, input.isTaken),
    series: spec.series,
    specText: file.text,
    spec,
    state: "created",
    paused: false,
    step: null,
    createdAtMs: wallMs,
    startedAtMs: null,
    finishedAtMs: null,
    ...campaignKeys(spec.seed, input.random),
    ranges: pairs,
    addresses6: addresses6.count,
    vantages: [],
    sources: [],
    notes,
    error: "",
    coordinatorVersion,
    optOuts: { revision: optOuts.revision, hash: optOuts.hash },
    rangesHash: createHash("sha256").update(JSON.stringify(pairs)).digest("hex"),
  };
  return { record, addresses6 };
}

function openingAgents(spec: CampaignSpec, agents: readonly AgentIdentity[]): OpeningAgent[] {
  const matcher = createMatcher(spec);
  return agents.filter((agent) => matcher.isSelected(agent));
}

/** Freezes the IPv6 lists of the SYN scan. */
export async function saveScanLists(store: CampaignStore, { record, addresses6 }: NewCampaign): Promise<void> {
  // In `replicate` mode all vantage points share a list, so any one of them will do.
  const lists = new Map(scanSources({ ...record, vantages: ["any"] }).map((source) => [source.list, source.ports]));
  for (const [list, ports] of lists) {
    if (list !== null) {
      await store.saveTargetList(record.id, list, listedTargets(addresses6, ports, record.permutationKey, list));
    }
  }
}

/** The vantage points of the connected agents that a campaign selects. Throws UserError when there is none. */
export function startingVantages(record: CampaignRecord, agents: readonly AgentIdentity[]): string[] {
  const matcher = createMatcher(record.spec);
  const vantages = new Set(agents.filter((agent) => matcher.isSelected(agent)).map((agent) => agent.vantage));
  if (vantages.size === 0) {
    const { vantages: wanted } = record.spec.placement;
    throw new UserError(
      `no connected agent matches the placement of ${record.id}${wanted === "" ? "" : ` (vantages: ${wanted})`}`,
      { remedy: "start agents first; `parallax agents` shows those that are connected, with their labels" },
    );
  }
  return [...vantages].sort();
}

/** `<series>-<yyyymmdd>-<hhmmss>` in UTC, with a number behind it when there is one already. */
function uniqueId(series: string, wallMs: number, isTaken: (id: string) => boolean): string {
  const [date = "", time = ""] = new Date(wallMs).toISOString().slice(0, 19).replace(/[-:]/g, "").split("T");
  const base = `${series}-${date}-${time}`;
  let id = base;
  for (let n = 2; isTaken(id); n++) {
    id = `${base}-${n}`;
  }
  return id;
}
