import type { Logger } from "pino";
import { errorMessage, UserError } from "../../shared/errors.js";
import type { CampaignFile } from "../campaign/create.js";
import { isOver } from "../campaign/record.js";
import type { Campaigns } from "../campaign/runner.js";
import { createCell } from "../control/cell.js";
import type { ControlConflict } from "../control/conflict.js";
import { type Control, keyToken } from "../control/control.js";
import type { Saver } from "../control/saver.js";
import { type SeriesRecord, seriesCodec, withMissed } from "./record.js";
import { nextTime, parseTemplate, type SeriesTemplate } from "./template.js";

export interface SeriesFile {
  readonly text: string;
  /** Absolute paths of the files that it names, on the coordinator's machine. */
  readonly files: SeriesRecord["files"];
}

/** All series of a coordinator. Methods throw or reject with UserError for what the user can set right. */
export interface SeriesBook {
  create(file: SeriesFile): Promise<SeriesRecord>;
  list(): SeriesRecord[];
  get(name: string): SeriesRecord;
  setPaused(name: string, paused: boolean): Promise<SeriesRecord>;
  /** Its campaigns stay. */
  remove(name: string): Promise<void>;
  /** A run now, whatever the schedule says. */
  runNow(name: string): Promise<SeriesRecord>;
  /** Begins what is due; called every second or so. Never rejects. */
  tick(): Promise<void>;
  close(): void;
}

export interface SeriesBookOptions {
  readonly control: Control;
  readonly campaigns: Pick<Campaigns, "create" | "start" | "cancel" | "list">;
  /** Takes a file for a campaign that is about to be made. */
  readonly sendFile: (path: string) => Promise<{ readonly id: string; readonly name: string }>;
  readonly wallMs: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  readonly onConflict: (error: ControlConflict) => void;
}

interface Held {
  record: SeriesRecord;
  readonly template: SeriesTemplate;
  readonly cell: Saver<SeriesRecord>;
}

/** A run that is later than this was missed: no coordinator was there at its time. */
const LATE_MS = 60_000;
const MOST_LISTED = 1_000;

/** Goes on with the series of the control state; what fell into the time since then is missed, or made up for. */
export async function openSeries(options: SeriesBookOptions): Promise<SeriesBook> {
  const { control, campaigns, wallMs, log } = options;
  const held = new Map<string, Held>();
  let ticking = false;

  const hold = (record: SeriesRecord, revision: number): Held => {
    const key = `series.${keyToken(record.name)}`;
    const cell = createCell({ control, key, codec: seriesCodec, revision, onConflict: options.onConflict });
    const entry: Held = { record, template: parseTemplate(record.text), cell };
    held.set(record.name, entry);
    return entry;
  };
  const save = async (entry: Held, change: Partial<SeriesRecord>): Promise<void> => {
    entry.record = { ...entry.record, ...change };
    await entry.cell.save(entry.record);
  };
  const find = (name: string): Held => {
    const entry = held.get(name);
    if (entry !== undefined) return entry;
    throw new UserError(`there is no series "${name}"`, {
      remedy: "`parallax series list` shows their names",
      exitCode: 2,
    });
  };

  /** The first time after `afterMs`, with its jitter. */
  const following = ({ schedule }: SeriesTemplate, afterMs: number) => {
    const nextAtMs = nextTime(schedule, afterMs);
    const dueAtMs = nextAtMs === null ? null : nextAtMs + Math.floor(options.random() * schedule.jitterMs);
    return { nextAtMs, dueAtMs };
  };

  const miss = (entry: Held, times: readonly number[], reason: string): SeriesRecord => {
    log.warn({ series: entry.record.name, times: times.map((ms) => new Date(ms).toISOString()), reason }, "run missed");
    return withMissed(entry.record, times, reason);
  };

  const isBusy = ({ record, template }: Held): string | null => {
    if (template.schedule.overlap) return null;
    const last = campaigns.list().find(({ id }) => id === record.lastRun?.campaign);
    return last === undefined || isOver(last) ? null : `${last.id} is still under way`;
  };

  /** One run of a series as a campaign of its own; its outcome is written down in any case. */
  const begin = async (entry: Held, scheduledAtMs: number): Promise<void> => {
    const { name, files } = entry.record;
    let campaign = "";
    let problem = "";
    try {
      const sent: { -readonly [K in keyof CampaignFile]: CampaignFile[K] } = { text: entry.template.campaignText };
      if (files.hitlist !== undefined) sent.hitlist = await options.sendFile(files.hitlist);
      if (files.aliased !== undefined) sent.aliased = await options.sendFile(files.aliased);
      campaign = (await campaigns.create(sent)).id;
      await campaigns.start(campaign);
    } catch (error) {
      problem = error instanceof UserError ? error.line : errorMessage(error);
      if (campaign !== "") await campaigns.cancel(campaign).catch(() => undefined);
      log.error({ series: name, err: error }, "run of a series failed");
    }
    const lastRun = { scheduledAtMs, campaign, problem };
    const record = problem === "" ? entry.record : miss(entry, [scheduledAtMs], problem);
    await save(entry, { ...record, lastRun, starting: null });
  };

  /** What a series does now: nothing, a run, or a note that one was missed. */
  const look = async (entry: Held): Promise<void> => {
    const { paused, nextAtMs, dueAtMs } = entry.record;
    const nowMs = wallMs();
    if (nextAtMs === null || dueAtMs === null || dueAtMs > nowMs) return;
    const { schedule } = entry.template;
    const after = following(entry.template, nowMs);
    if (paused) {
      await save(entry, after);
      return;
    }
    const times = timesUntil(schedule, nextAtMs, nowMs);
    const last = times.at(-1) ?? nextAtMs;
    // The last of several may be due just now.
    const isOnTime = nowMs - Math.max(last, times.length === 1 ? dueAtMs : last) <= LATE_MS;
    const isMadeUpFor = isOnTime || schedule.catchUp;
    const lost = isMadeUpFor ? times.slice(0, -1) : times;
    if (lost.length > 0) entry.record = miss(entry, lost, "no coordinator was running");
    const busy = isMadeUpFor ? isBusy(entry) : null;
    if (busy !== null) entry.record = miss(entry, [last], busy);
    const isRun = isMadeUpFor && busy === null;
    // Before it begins: a coordinator that ends in the middle of it does not begin it again.
    await save(entry, { ...after, starting: isRun ? { scheduledAtMs: last, atMs: nowMs } : null });
    if (isRun) await begin(entry, last);
  };

  for (const { value, revision } of await control.list("series", seriesCodec)) {
    const entry = hold(value, revision);
    if (value.starting !== null) {
      const { scheduledAtMs, atMs } = value.starting;
      const made = campaigns
        .list()
        .find(({ id }) => id.startsWith(`${value.name}-`) && startedSince(id, value.name, atMs));
      const problem = made === undefined ? "the coordinator ended while the run began" : "";
      const record = problem === "" ? entry.record : miss(entry, [scheduledAtMs], problem);
      await save(entry, { ...record, starting: null, lastRun: { scheduledAtMs, campaign: made?.id ?? "", problem } });
    }
  }

  return {
    async create({ text, files }) {
      const template = parseTemplate(text);
      if (held.has(template.name)) {
        throw new UserError(`there is a series ${template.name} already`, {
          remedy: "give it another name, or remove the old one first",
        });
      }
      const nowMs = wallMs();
      const record: SeriesRecord = {
        name: template.name,
        text,
        files,
        createdAtMs: nowMs,
        paused: false,
        ...following(template, nowMs),
        starting: null,
        lastRun: null,
        missed: [],
        missedInAll: 0,
      };
      const key = `series.${keyToken(record.name)}`;
      const entry = hold(record, await control.create(key, seriesCodec, record));
      return entry.record;
    },
    list: () => [...held.values()].map(({ record }) => record).sort((a, b) => (a.name < b.name ? -1 : 1)),
    get: (name) => find(name).record,
    async setPaused(name, paused) {
      const entry = find(name);
      // The times of a pause are not missed.
      await save(entry, { paused, ...(paused ? {} : following(entry.template, wallMs())) });
      return entry.record;
    },
    async remove(name) {
      find(name).cell.close();
      held.delete(name);
      await control.remove(`series.${keyToken(name)}`);
    },
    async runNow(name) {
      const entry = find(name);
      const busy = isBusy(entry);
      if (busy !== null) {
        throw new UserError(`${name}: ${busy}`, { remedy: "wait for its end, cancel it, or allow overlap" });
      }
      const nowMs = wallMs();
      await save(entry, { starting: { scheduledAtMs: nowMs, atMs: nowMs } });
      await begin(entry, nowMs);
      const problem = entry.record.lastRun?.problem ?? "";
      if (problem !== "") throw new UserError(`${name}: ${problem}`, { remedy: "mend that and run it again" });
      return entry.record;
    },
    async tick() {
      if (ticking) return;
      ticking = true;
      for (const entry of [...held.values()]) {
        await look(entry).catch((error: unknown) => {
          log.warn({ series: entry.record.name, err: error }, "series not looked after now");
        });
      }
      ticking = false;
    },
    close() {
      for (const { cell } of held.values()) cell.close();
    },
  };
}

/** The times of a schedule from `firstMs` to `untilMs`, both included; of very many the last. */
function timesUntil(schedule: SeriesTemplate["schedule"], firstMs: number, untilMs: number): number[] {
  const times = [firstMs];
  for (let at = nextTime(schedule, firstMs); at !== null && at <= untilMs; at = nextTime(schedule, at)) {
    times.push(at);
    if (times.length > MOST_LISTED) times.shift();
  }
  return times;
}

/** Whether a campaign's id (`<series>-<yyyymmdd>-<hhmmss>`, UTC) is of a series and not older than a time. */
function startedSince(id: string, series: string, sinceMs: number): boolean {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)/.exec(id.slice(series.length + 1)) ?? [];
  if (second === undefined) return false;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) >= sinceMs - 1_000;
}
