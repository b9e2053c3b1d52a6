import type { Alarm } from "../alarm/alarm.js";
import type { ConnectedAgent } from "../session/connected.js";
import type { Fleet } from "../session/fleet.js";
import { eligible } from "./dispatch.js";
import type { LiveCampaign } from "./live.js";
import { addMarks, type CampaignProgress, closedProgress, marksOf, type SourceProgress } from "./progress.js";
import { type CampaignRecord, isOver } from "./record.js";
import type { SourceBook } from "./source-book.js";

/** What the operator sees of a campaign that is worked on; `alarms` are those of the coordinator. */
export function liveProgress(campaign: LiveCampaign, fleet: Fleet, alarms: readonly Alarm[]): CampaignProgress {
  const { record, books, problem } = campaign;
  const open = books.map((book) => bookProgress(campaign, book, fleet));
  const earlier = record.sources
    .filter((source) => !books.some((book) => book.record.id === source.id))
    .map((source) => closedProgress(record, source));
  const marks = addMarks(open);
  const indicesPerSecond = campaign.meter.perSecond();
  const working = new Set(open.flatMap((source) => source.agents));
  const waiting = [...open.flatMap((source) => source.waiting ?? []), ...(problem === null ? [] : [problem])];
  return {
    ...common(record),
    marks,
    indicesPerSecond,
    packetsPerSecond: [...working].reduce((sum, agent) => sum + (fleet.find(agent)?.packetsPerSecond ?? 0), 0),
    etaMs: indicesPerSecond > 0 ? Math.round(((marks.size - marks.sent) / indicesPerSecond) * 1_000) : null,
    sources: [...earlier, ...open],
    waiting: isOver(record) ? [] : [...new Set(waiting)],
    alarms: alarms.filter(
      (alarm) => alarm.campaign === record.id || (alarm.campaign === "" && working.has(alarm.agent)),
    ),
  };
}

/** What the operator sees of a campaign that nobody works on. */
export function restingProgress(record: CampaignRecord): CampaignProgress {
  const sources = record.sources.map((source) => closedProgress(record, source));
  const present = sources.filter((_, i) => record.sources[i]?.pass === record.step?.name);
  return {
    ...common(record),
    marks: addMarks(present),
    indicesPerSecond: 0,
    packetsPerSecond: 0,
    etaMs: null,
    sources,
    waiting: [],
    alarms: [],
  };
}

function common(record: CampaignRecord) {
  const { id, state, startedAtMs, finishedAtMs, notes, error } = record;
  return {
    id,
    state,
    paused: record.paused && !isOver(record),
    step: record.step?.name ?? null,
    startedAtMs,
    finishedAtMs,
    notes,
    error,
  };
}

function bookProgress(campaign: LiveCampaign, book: SourceBook, fleet: Fleet): SourceProgress {
  const { state, record } = book;
  const agents = [...new Set([...state.leases].map((lease) => lease.agent))].sort();
  return { source: record.id, ...marksOf(state), agents, waiting: reasonToWait(campaign, book, fleet) };
}

/** Why a source does not move: nobody can take what is free, or rows lie with an agent that is away. */
function reasonToWait(campaign: LiveCampaign, book: SourceBook, fleet: Fleet): string | null {
  const { state, record } = book;
  const [missing] = state.leases.filter((lease) => lease.phase === "awaiting" && fleet.find(lease.agent) === undefined);
  if (missing !== undefined) {
    const rest = missing.done - missing.committed;
    return `rows of ${rest} targets of ${record.id} are with agent ${missing.agent}, which is not connected; start it again`;
  }
  if (state.free.length === 0) {
    return null;
  }
  const able = eligible(fleet, campaign, book);
  if (able.length === 0) {
    const [refusal] = Object.entries(state.refusals);
    const refused = refusal === undefined ? "" : ` (${refusal[0]} refuses: ${refusal[1].reason})`;
    return `no agent with ${campaign.matcher.describe(record)}${refused}`;
  }
  if (able.every((agent: ConnectedAgent) => agent.isDrained)) {
    return `drained: ${able.map(({ identity }) => identity.agent).join(", ")}; go on with \`parallax agents resume NAME\``;
  }
  if (able.every((agent: ConnectedAgent) => agent.lacksOptOuts)) {
    return `the newest opt-outs do not hold yet at ${able.map(({ identity }) => identity.agent).join(", ")}`;
  }
  const [unfit] = able;
  if (unfit !== undefined && able.every((agent: ConnectedAgent) => agent.unfit !== null)) {
    return `${unfit.identity.agent} gets no work: ${unfit.unfit}${able.length > 1 ? "; the others neither" : ""}`;
  }
  if (!able.some((agent: ConnectedAgent) => agent.ready)) {
    return `silent: ${able.map(({ identity }) => identity.agent).join(", ")}`;
  }
  const without = able.every(({ identity }) => campaign.shares.of(identity.agent) === null);
  const { total } = campaign.record.spec.rate;
  return without && total !== undefined ? `rate.total (${total} packets/s) is used up by other agents` : null;
}
