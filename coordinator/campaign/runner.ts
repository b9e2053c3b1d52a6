import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { UserError } from "../../shared/errors.js";
import type { OptOutList } from "../../shared/optout/list.js";
import type { Alarms } from "../alarm/alarms.js";
import type { CanaryStore } from "../canary/watch.js";
import type { ControlConflict } from "../control/conflict.js";
import type { Control } from "../control/control.js";
import type { Hitlists } from "../hitlist/hitlists.js";
import type { Clock } from "../lease/clock.js";
import type { LeaseTiming } from "../lease/state.js";
import type { Fleet } from "../session/fleet.js";
import {
  type CampaignFile,
  type NewCampaign,
  newCampaign,
  readHitlist,
  saveScanLists,
  startingVantages,
} from "./create.js";
import { createFleetDesk } from "./desk.js";
import { type CampaignPlan, planCampaign } from "./estimate.js";
import { type LiveCampaign, openCampaign } from "./live.js";
import { type CampaignProgress, marksOf } from "./progress.js";
import { type CampaignRecord, campaignCodec, isOver } from "./record.js";
import type { CampaignStore } from "./store.js";
import { liveProgress, restingProgress } from "./view.js";
import { watchProgress } from "./watch.js";

/** How long `close` waits for a broker that does not answer. */
const LAST_SAVE_MS = 2_000;
/** An agent that was away for so long does not come back. */
const GONE_AFTER_MS = 24 * 60 * 60 * 1_000;

export interface CampaignsOptions {
  readonly control: Control;
  readonly store: CampaignStore;
  readonly canaryStore: CanaryStore;
  readonly alarms: Alarms;
  readonly hitlists: Hitlists;
  readonly fleet: Fleet;
  readonly clock: Clock;
  /** Bytes of a cryptographic random source. */
  readonly random: (bytes: number) => Uint8Array;
  readonly coordinatorVersion: string;
  /** A campaign is over, and the store knows everything of it; also told of those that were when this began. */
  readonly onSettled?: (record: CampaignRecord) => void;
  /** Who has opted out now. */
  readonly optOuts: () => OptOutList;
  readonly log: Logger;
  /** After so long the rows of an absent agent count as lost and are asked again; 24 h unless said. */
  readonly goneAfterMs?: number;
  /** Another coordinator writes the same control state: this one must stop. */
  readonly onConflict: (error: ControlConflict) => void;
}

/** All campaigns of a coordinator. Methods throw or reject with UserError for what the user can set right. */
export interface Campaigns {
  create(file: CampaignFile): Promise<CampaignProgress>;
  start(id: string): Promise<CampaignProgress>;
  /** Nothing is sent any more until it is resumed; what is under way is taken in. */
  pause(id: string): Promise<CampaignProgress>;
  resume(id: string): Promise<CampaignProgress>;
  cancel(id: string): Promise<CampaignProgress>;
  /** Oldest first. */
  list(): CampaignProgress[];
  get(id: string): CampaignProgress;
  /** What a file would come to, without making it. */
  plan(file: CampaignFile): Promise<CampaignPlan>;
  /** The campaign is over, and the store knows everything of it. */
  isSettled(id: string): boolean;
  /** The campaign's whole record. */
  record(id: string): CampaignRecord;
  /** The progress now, then about once a second, last the one in which it is over. `signal` ends it early. */
  watch(id: string, signal?: AbortSignal): AsyncIterable<CampaignProgress>;
  /** An agent does not come back: what it had not committed is asked again. Resolves when that is durable. */
  retire(agent: string): Promise<void>;
  /** Saves what is not saved yet and stops working. Campaigns go on when a coordinator is created again. */
  close(): Promise<void>;
}

interface Held {
  record: CampaignRecord;
  revision: number;
  live: LiveCampaign | null;
}

/**
 * Loads the campaigns from the control state and goes on with those that run. Let agents in only after it has resolved:
 * what an earlier one says would be missed.
 */
export async function createCampaigns(options: CampaignsOptions): Promise<Campaigns> {
  const { control, store, canaryStore, alarms, hitlists, fleet, clock, log } = options;
  const timing: LeaseTiming = {
    leaseTtlMs: fleet.timing.leaseTtlMs,
    goneAfterMs: options.goneAfterMs ?? GONE_AFTER_MS,
  };
  const held = new Map<string, Held>();
  const watchers = new Set<() => void>();
  // True before everything is loaded and after a conflict: agents must then be told nothing.
  let halted = true;
  let conflict = false;

  const onConflict = (error: ControlConflict): void => {
    if (!conflict) {
      conflict = true;
      halted = true;
      log.error({ err: error }, "stopped: the control state has another writer");
      options.onConflict(error);
    }
  };
  const open = (record: CampaignRecord, revision: number): Promise<LiveCampaign> =>
    openCampaign(
      { control, store, canaryStore, alarms, optOuts: options.optOuts, clock, timing, log, onConflict },
      record,
      revision,
    );
  const live = (): LiveCampaign[] => {
    const campaigns = [...held.values()].flatMap((entry) => entry.live ?? []);
    return campaigns.sort((a, b) => (a.record.startedAtMs ?? 0) - (b.record.startedAtMs ?? 0));
  };
  const desk = createFleetDesk({ fleet, clock, store, log, campaigns: () => (halted ? null : live()) });

  const advance = async (entry: Held): Promise<void> => {
    const campaign = entry.live;
    if (campaign === null) {
      return;
    }
    await campaign.advance();
    entry.record = campaign.record;
    if (campaign.settled && entry.live === campaign) {
      entry.live = null;
      const { books, canaries } = campaign;
      await Promise.all([...books, ...canaries].map((book) => book.saved())).catch(() => undefined);
      campaign.close();
      options.onSettled?.(entry.record);
    }
    notify();
  };
  const notify = (): void => {
    for (const wake of watchers) {
      wake();
    }
  };
  const tick = (): void => {
    if (halted) {
      return;
    }
    desk.tick();
    alarms.save().catch((error: unknown) => log.debug({ err: error }, "alarms not saved yet"));
    for (const entry of held.values()) {
      const campaign = entry.live;
      if (campaign !== null) {
        campaign.meter.observe(
          campaign.books.reduce((sum, book) => sum + marksOf(book.state).sent, 0),
          clock.monotonicMs(),
        );
        campaign.flush();
        void advance(entry);
      }
    }
    notify();
  };

  const find = (id: string): Held => {
    const entry = held.get(id);
    if (entry === undefined) {
      throw new UserError(`there is no campaign "${id}"`, {
        remedy: "`parallax campaign list` shows their names",
        exitCode: 2,
      });
    }
    return entry;
  };
  const view = ({ record, live: campaign }: Held): CampaignProgress =>
    campaign === null ? restingProgress(record) : liveProgress(campaign, fleet, alarms.open());
  const connected = () => fleet.connected().map((agent) => agent.identity);
  /** Opens a campaign that rests, so that its record can change. */
  const wake = async (entry: Held): Promise<LiveCampaign> => {
    entry.live ??= await open(entry.record, entry.revision);
    return entry.live;
  };

  /** Agents are told at once: what the control state has matters only to a coordinator that starts again. */
  const setPaused = async (id: string, paused: boolean): Promise<CampaignProgress> => {
    const entry = find(id);
    requireState(entry.live?.record ?? entry.record, "running", "only a campaign that runs can be paused and resumed");
    const campaign = await wake(entry);
    const saved = campaign.setPaused(paused);
    desk.tellPaused(id, paused);
    if (!paused) {
      desk.offerAll();
    }
    await saved;
    return view(entry);
  };

  const add = async (made: NewCampaign): Promise<Held> => {
    const { record } = made;
    const entry: Held = { record, revision: 0, live: null };
    held.set(record.id, entry);
    try {
      await saveScanLists(store, made);
      await store.saveCampaign(record);
      entry.revision = await control.create(`campaigns.${record.id}`, campaignCodec, record);
    } catch (error) {
      held.delete(record.id);
      throw error;
    }
    return entry;
  };

  for (const { key, value, revision } of await control.list("campaigns", rawCodec)) {
    const record = decodeRecord(value, key, log);
    if (record !== null) {
      // Campaigns that are over may still have coverage to hand on; they rest again when the store has it.
      const resting = record.state === "created";
      held.set(record.id, { record, revision, live: resting ? null : await open(record, revision) });
    }
  }
  for (const campaign of live()) {
    for (const lease of [...campaign.books, ...campaign.canaries].flatMap((book) => [...book.state.leases])) {
      campaign.shares.restore(lease.agent, lease.packetsPerSecond);
    }
  }
  const runs = (id: string): boolean => held.get(id)?.record.state === "running";
  alarms.drop((alarm) => alarm.campaign !== "" && !runs(alarm.campaign), "campaign over", clock.wallMs());
  halted = conflict;
  const timer = setInterval(tick, fleet.timing.heartbeatIntervalMs);

  return {
    async create(file) {
      const agents = connected();
      const optOuts = options.optOuts();
      const hitlist = await readHitlist(hitlists, file, agents, optOuts);
      try {
        const made = newCampaign({
          ...options,
          file,
          hitlist,
          agents,
          optOuts,
          wallMs: clock.wallMs(),
          isTaken: (id) => held.has(id),
        });
        return view(await add(made));
      } finally {
        hitlist?.release();
      }
    },
    async plan(file) {
      const optOuts = options.optOuts();
      const hitlist = await readHitlist(hitlists, file, connected(), optOuts);
      try {
        const { clock: _, ...rest } = options;
        return planCampaign(
          newCampaign({
            ...rest,
            ...{ file, hitlist, optOuts, agents: connected() },
            wallMs: clock.wallMs(),
            isTaken: () => false,
          }).record,
          connected(),
          optOuts.prefixes,
        );
      } finally {
        hitlist?.release();
      }
    },
    isSettled(id) {
      const entry = find(id);
      return isOver(entry.record) && entry.live === null;
    },
    async start(id) {
      const entry = find(id);
      requireState(entry.record, "created", "only a campaign that was not started yet can start; create it again");
      const vantages = startingVantages(entry.record, connected());
      const campaign = await wake(entry);
      requireState(campaign.record, "created", "it is being started already");
      await campaign.start(vantages);
      await advance(entry);
      desk.offerAll();
      return view(entry);
    },
    pause: (id) => setPaused(id, true),
    resume: (id) => setPaused(id, false),
    async cancel(id) {
      const entry = find(id);
      const { state } = entry.live?.record ?? entry.record;
      if (isOver({ state })) {
        throw new UserError(`campaign ${id} is ${state} already`, { remedy: "there is nothing to cancel" });
      }
      const campaign = await wake(entry);
      desk.tell(await campaign.cancel());
      await advance(entry);
      return view(entry);
    },
    list: () => [...held.values()].sort((a, b) => a.record.createdAtMs - b.record.createdAtMs).map(view),
    get: (id) => view(find(id)),
    record: (id) => {
      const entry = find(id);
      return entry.live?.record ?? entry.record;
    },
    watch(id, signal) {
      const entry = find(id);
      return watchProgress({ watchers, view: () => view(entry), isStopped: () => halted }, signal);
    },
    retire: (agent) => desk.retire(agent),
    async close() {
      clearInterval(timer);
      halted = true;
      const saves = live().flatMap(({ books, canaries }) => [...books, ...canaries].map((book) => book.saved()));
      const lastWait = new AbortController();
      const tooLong = sleep(LAST_SAVE_MS, undefined, { signal: lastWait.signal });
      await Promise.race([Promise.allSettled(saves), tooLong]);
      lastWait.abort();
      await tooLong.catch(() => undefined);
      for (const campaign of live()) {
        campaign.close();
      }
      notify();
    },
  };
}

const rawCodec = { encode: (text: string) => text, decode: (text: string) => text };

/** A record of another version is left alone: it must not keep the coordinator from starting. */
function decodeRecord(text: string, key: string, log: Logger): CampaignRecord | null {
  try {
    return campaignCodec.decode(text);
  } catch (error) {
    log.error({ key, err: error }, "campaign left out: its record cannot be read");
    return null;
  }
}

function requireState(record: CampaignRecord, state: CampaignRecord["state"], remedy: string): void {
  if (record.state !== state) {
    throw new UserError(`campaign ${record.id} is ${record.state}`, { remedy });
  }
}
