import type { Prefix } from "../../shared/address/prefix.js";
import { parsePrefix } from "../../shared/address/prefix.js";
import { createBlocklist } from "../../shared/target/blocklist.js";
import { createRangeSet, type Ipv4Range, rangeOfPrefix, subtractRanges } from "../../shared/target/ranges.js";
import { connectionsOf, targetsPerSecond } from "../../shared/timing/pace.js";
import type { AgentIdentity } from "../session/agent.js";
import { createMatcher, type Matcher } from "./matching.js";
import { packetsPerIndex, planOf } from "./plan.js";
import type { CampaignRecord, SourceRecord } from "./record.js";
import { passesOf, scanSources } from "./sources.js";
import { leftOut } from "./targets.js";

/** What a plan takes for granted where nothing is known before. */
export const ASSUMPTIONS = {
  /** Share of targets that answer a SYN, and are not asked again. */
  answering: 0.05,
  /** Share of targets that a later pass asks, from each vantage point that takes part in it. */
  interesting: 0.01,
  /** Probes of a trace: its target stands so many hops away. */
  hops: 16,
  /** Share of hops that answer. */
  answeringHops: 0.7,
  /** Bytes of a SYN with its Ethernet header. */
  synBytes: { v4: 86, v6: 106 },
} as const;

export interface PlannedPass {
  readonly pass: string;
  readonly targets: number;
  readonly packets: number;
  readonly rows: number;
  readonly hours: number;
}

export interface PlannedAgent {
  readonly agent: string;
  readonly vantage: string;
  readonly packetsPerSecond: number;
  readonly packets: number;
  readonly bytes: number;
}

/** What a campaign would come to. */
export interface CampaignPlan {
  readonly series: string;
  /** N of the SYN scan by port group and family. */
  readonly targets: readonly {
    readonly ports: readonly number[];
    readonly family: "v4" | "v6";
    readonly targets: number;
  }[];
  readonly passes: readonly PlannedPass[];
  readonly packets: number;
  readonly hours: number;
  readonly rows: number;
  readonly agents: readonly PlannedAgent[];
  /** IPv4 addresses that are left out, and why; and what a hitlist lost, in words. */
  readonly leftOut: readonly { readonly why: string; readonly addresses: number }[];
  readonly notes: readonly string[];
  /** What keeps it from starting now, or from going on; none: nothing is known. */
  readonly problems: readonly string[];
  readonly assumptions: typeof ASSUMPTIONS;
}

/** Plans a campaign that was made and not started, with the agents that are connected. */
export function planCampaign(
  record: CampaignRecord,
  agents: readonly AgentIdentity[],
  optedOut: readonly Prefix[],
): CampaignPlan {
  const { spec } = record;
  const matcher = createMatcher(spec);
  const selected = agents.filter((agent) => matcher.isSelected(agent)).sort((a, b) => (a.agent < b.agent ? -1 : 1));
  const vantages = [...new Set(selected.map(({ vantage }) => vantage))].sort();
  const planned = { ...record, vantages: vantages.length === 0 ? ["?"] : vantages };
  const sources = scanSources(planned);
  const passes = passesOf(spec).map((pass) => plannedPass(pass, planned, sources, selected, matcher));
  const total = (of: (pass: PlannedPass) => number): number => passes.reduce((sum, pass) => sum + of(pass), 0);
  const packets = total((pass) => pass.packets);
  const speed = speedOf(record, selected);
  const bytesOfPacket = sources.some(({ family }) => family === "v6")
    ? ASSUMPTIONS.synBytes.v6
    : ASSUMPTIONS.synBytes.v4;
  return {
    series: record.series,
    targets: byGroup(sources),
    passes,
    packets,
    hours: total((pass) => pass.hours),
    rows: total((pass) => pass.rows),
    agents: selected.map((agent) => {
      const own = rateOf(record, agent, selected);
      const share = speed === 0 ? 0 : Math.round((packets * own) / speed);
      const { agent: name, vantage } = agent;
      return { agent: name, vantage, packetsPerSecond: own, packets: share, bytes: share * bytesOfPacket };
    }),
    leftOut: leftOutBy(record, optedOut),
    notes: record.notes,
    problems: problemsOf(sources, selected, matcher),
    assumptions: ASSUMPTIONS,
  };
}

function plannedPass(
  pass: ReturnType<typeof passesOf>[number],
  record: CampaignRecord,
  scan: readonly SourceRecord[],
  agents: readonly AgentIdentity[],
  matcher: Matcher,
): PlannedPass {
  const { answering, interesting, hops, answeringHops } = ASSUMPTIONS;
  const [example] = scan;
  if (example === undefined) return { pass, targets: 0, packets: 0, rows: 0, hours: 0 };
  const shares = { packetsPerSecond: 1, perPrefix: null, routerPacketsPerSecond: 1 };
  const plan = planOf(record, { ...example, pass }, shares);
  const asked = scan.reduce((sum, { size }) => sum + size, 0);
  // Of a scan from everywhere each target is there once for each vantage point already.
  const vantages = record.spec.placement.mode === "replicate" ? 1 : record.vantages.length;
  const targets = pass === "synscan" ? asked : Math.ceil(asked * interesting * vantages);
  const each =
    pass === "tracebox"
      ? packetsPerIndex({ ...plan, maxTtl: Math.min(plan.maxTtl, hops), retries: 0 }) *
        (1 + plan.retries * (1 - answeringHops))
      : pass === "verify" || pass === "timing"
        ? packetsPerIndex(plan)
        : plan.variants.length * (1 + plan.retries * (1 - answering));
  const packets = Math.ceil(targets * each);
  const rowsEach =
    pass === "tracebox"
      ? plan.variants.length * Math.min(plan.maxTtl, hops) * answeringHops
      : plan.timing === null
        ? plan.variants.length * (pass === "synscan" ? answering : 1)
        : connectionsOf(plan.timing);
  const sending = secondsOf(pass === "synscan" ? scan : [], packets, record, agents, matcher);
  const resting = plan.timing === null ? 0 : targets / (targetsPerSecond(plan.timing) * Math.max(1, agents.length));
  const seconds = Math.max(sending, resting);
  return { pass, targets, packets, rows: Math.ceil(targets * rowsEach), hours: seconds / 3_600 };
}

/** A scan is over with its slowest group of ports, where different machines ask them. */
function secondsOf(
  sources: readonly SourceRecord[],
  packets: number,
  record: CampaignRecord,
  agents: readonly AgentIdentity[],
  matcher: Matcher,
): number {
  const whole = speedOf(record, agents);
  if (whole === 0) return 0;
  const size = sources.reduce((sum, source) => sum + source.size, 0);
  const slowest = sources.map((source) => {
    const able = speedOf(
      record,
      agents.filter((agent) => matcher.serves(agent, source)),
    );
    return able === 0 ? 0 : (packets * source.size) / size / able;
  });
  return Math.max(packets / whole, ...slowest);
}

/** Packets per second of these agents together. */
function speedOf(record: CampaignRecord, agents: readonly AgentIdentity[]): number {
  return agents.reduce((sum, agent) => sum + rateOf(record, agent, agents), 0);
}

function rateOf({ spec }: CampaignRecord, { maxPps }: AgentIdentity, agents: readonly AgentIdentity[]): number {
  const cap = maxPps > 0 ? Math.min(spec.rate.perAgentPps, maxPps) : spec.rate.perAgentPps;
  return spec.rate.total === undefined ? cap : Math.min(cap, Math.floor(spec.rate.total / agents.length));
}

function byGroup(sources: readonly SourceRecord[]): CampaignPlan["targets"] {
  const groups = new Map<string, { ports: readonly number[]; family: "v4" | "v6"; targets: number }>();
  for (const { ports, family, size } of sources) {
    const key = `${family} ${ports.join("+")}`;
    const group = groups.get(key) ?? { ports, family, targets: 0 };
    groups.set(key, { ...group, targets: group.targets + size });
  }
  return [...groups.values()];
}

/** Each address counts for the first reason that it is left out for. */
function leftOutBy({ spec }: CampaignRecord, optedOut: readonly Prefix[]): CampaignPlan["leftOut"] {
  const wanted = createRangeSet(spec.targets.ipv4.map((text) => rangeOfPrefix(parsePrefix(text))));
  const ranges4 = (prefixes: readonly Prefix[]): Ipv4Range[] =>
    prefixes.filter(({ family }) => family === 4).map(rangeOfPrefix);
  // A prefix that is special-purpose as a whole was opened by the agents.
  const special = createBlocklist([]).ranges.ranges;
  const wide = spec.targets.ipv4
    .map((text) => rangeOfPrefix(parsePrefix(text)))
    .filter((range) => subtractRanges([range], special).size > 0);
  const reasons: [string, readonly Ipv4Range[]][] = [
    ["special-purpose address space", wide.flatMap((range) => [...cut(range, special)])],
    ["targets.exclude and canaries", ranges4(leftOut(spec).map(parsePrefix))],
    ["opt-outs", ranges4(optedOut)],
  ];
  let rest = wanted;
  return reasons.flatMap(([why, ranges]) => {
    const after = subtractRanges(rest.ranges, ranges);
    const addresses = rest.size - after.size;
    rest = after;
    return addresses === 0 ? [] : [{ why, addresses }];
  });
}

/** The parts of `ranges` that lie in one range. */
function cut(within: Ipv4Range, ranges: readonly Ipv4Range[]): Ipv4Range[] {
  return ranges.flatMap(({ first, last }) => {
    const part = { first: Math.max(first, within.first), last: Math.min(last, within.last) };
    return part.first <= part.last ? [part] : [];
  });
}

function problemsOf(
  sources: readonly SourceRecord[],
  agents: readonly AgentIdentity[],
  matcher: Matcher,
): readonly string[] {
  if (agents.length === 0) return ["no connected agent matches the placement: it cannot start"];
  const unserved = sources.filter((source) => !agents.some((agent) => matcher.serves(agent, source)));
  return unserved.map(
    (source) => `${source.id}: no agent with ${matcher.describe(source)} is connected: it would wait`,
  );
}
