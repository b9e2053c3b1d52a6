import type { Logger } from "pino";
import { parseAddress } from "../../shared/address/address.js";
import { UserError } from "../../shared/errors.js";
import type { OptOutList } from "../../shared/optout/list.js";
import { inAnyPrefix } from "../../shared/target/prefix-set.js";
import type { Alarms } from "../alarm/alarms.js";
import { endCanaries } from "../canary/ending.js";
import { type CanaryRounds, createCanaryRounds } from "../canary/rounds.js";
import { canarySources } from "../canary/sources.js";
import { type CanaryStore, createCanaryWatch } from "../canary/watch.js";
import { createCell } from "../control/cell.js";
import type { ControlConflict } from "../control/conflict.js";
import type { Control } from "../control/control.js";
import type { Saver } from "../control/saver.js";
import type { Clock } from "../lease/clock.js";
import { sizeOf } from "../lease/intervals.js";
import { isComplete, type LeaseEffect, type LeaseTiming } from "../lease/state.js";
import { createMatcher, type Matcher } from "./matching.js";
import { preparePass } from "./prepare.js";
import { createRateMeter, type RateMeter } from "./progress.js";
import { createPrefixShares, createRateShares, type PrefixShares, type RateShares } from "./rates.js";
import { type CampaignRecord, type CampaignStep, campaignCodec, isOver, type Pass } from "./record.js";
import { openSourceBook, type SourceBook } from "./source-book.js";
import { passesOf } from "./sources.js";
import type { CampaignStore } from "./store.js";

/** Failures in a row of a pass's preparation or of the comparison, with growing delays (about four minutes). */
const MOST_FAILURES = 12;
const LONGEST_DELAY_MS = 30_000;

export interface LiveDeps {
  readonly control: Control;
  readonly store: CampaignStore;
  readonly canaryStore: CanaryStore;
  readonly alarms: Alarms;
  /** Who has opted out now. */
  readonly optOuts: () => OptOutList;
  readonly clock: Clock;
  readonly timing: LeaseTiming;
  readonly log: Logger;
  readonly onConflict: (error: ControlConflict) => void;
}

/** A campaign that is worked on: its record, the leases of its present pass, and what is known only in memory. */
export interface LiveCampaign {
  readonly record: CampaignRecord;
  /** Sources of the present pass; empty while none is leased. */
  readonly books: readonly SourceBook[];
  /** Sources of its canaries, which are asked as long as there is other work. */
  readonly canaries: readonly SourceBook[];
  readonly canaryRounds: CanaryRounds;
  readonly matcher: Matcher;
  readonly shares: RateShares;
  readonly prefixShares: PrefixShares;
  readonly meter: RateMeter;
  /** What went wrong lately and is tried again, or null. */
  problem: string | null;
  /** True when it is over and the store knows everything. */
  readonly settled: boolean;
  /** created -> running. */
  start(vantages: readonly string[]): Promise<void>;
  /** A paused campaign gets no new leases; its agents are to be told. */
  setPaused(paused: boolean): Promise<void>;
  /** Adds to the notes what was left out. */
  note(text: string): Promise<void>;
  /** Ends it; resolves with what the agents must be told. */
  cancel(): Promise<readonly LeaseEffect[]>;
  /** Takes whatever steps are possible. Does nothing while an earlier call is at work. Never rejects. */
  advance(): Promise<void>;
  /** Saves marks that have moved. */
  flush(): void;
  close(): void;
}

/** `revision` is that of the stored record; with 0 the first save creates it. */
export async function openCampaign(deps: LiveDeps, start: CampaignRecord, revision: number): Promise<LiveCampaign> {
  const { store, clock, log } = deps;
  const onFailure = (error: unknown) => log.warn({ campaign: start.id, err: error }, "control state not saved yet");
  const cell: Saver<CampaignRecord> = createCell({
    ...deps,
    key: `campaigns.${start.id}`,
    codec: campaignCodec,
    revision,
    onFailure,
  });
  const openBooks = (sources: CampaignRecord["sources"]) =>
    Promise.all(sources.map((source) => openSourceBook({ ...deps, onFailure }, start.id, source)));

  const openCanaries = () => openBooks(canarySources(start.spec));
  const canaryWatch = createCanaryWatch({
    campaign: start,
    store: deps.canaryStore,
    alarms: deps.alarms,
    hasOptedOut: (target) => inAnyPrefix(deps.optOuts().prefixes)(parseAddress(target)),
  });

  let record = start;
  let canaries: readonly SourceBook[] = record.step !== null && "phase" in record.step ? await openCanaries() : [];
  let books: readonly SourceBook[] =
    record.step !== null && "phase" in record.step && record.step.phase === "leasing"
      ? await openBooks(record.sources.filter((source) => source.pass === record.step?.name))
      : [];
  let storeKnows = false;
  let working = false;
  let failures = 0;
  let retryAtMs = 0;
  let problem: string | null = null;

  const update = async (change: Partial<CampaignRecord>): Promise<void> => {
    record = { ...record, ...change };
    storeKnows = false;
    await cell.save(record);
    log.info({ campaign: record.id, state: record.state, step: record.step }, "campaign");
  };
  const running = (): boolean => record.state === "running";
  const end = async (state: "finished" | "cancelled" | "failed", error = ""): Promise<void> => {
    const finishedAtMs = clock.wallMs();
    await update({ state, error, finishedAtMs });
    deps.alarms.drop((alarm) => alarm.campaign === record.id, "campaign over", finishedAtMs);
  };

  const tellStore = async (): Promise<void> => {
    for (const book of [...books, ...canaries]) {
      const { coverage } = book.state;
      if (coverage.length > 0) {
        // What a crash can take back must not be told: after it the leases may end at other places.
        await book.saved();
        await store.saveCoverage(
          record.id,
          coverage.map((interval) => ({ ...interval, source: book.record.id })),
        );
        if (running() && canaries.includes(book)) {
          await canaryWatch.take(
            book.record,
            coverage.filter(({ kind }) => kind === "asked"),
          );
        }
        book.apply({ type: "coverage-saved", count: coverage.length });
      }
    }
    if (!storeKnows) {
      storeKnows = true;
      const saved = record;
      try {
        await store.saveCampaign(saved);
      } catch (error) {
        storeKnows = false;
        throw error;
      }
    }
  };

  /** Takes one step of a running campaign; false when there is none to take now. */
  const step = async (): Promise<boolean> => {
    const at = record.step;
    if (!running() || at === null) {
      return false;
    }
    if (at.name === "comparing") {
      await store.buildComparison(record);
      if (running()) {
        await end("finished");
      }
      return false;
    }
    if (at.phase === "preparing") {
      canaries = canaries.length > 0 ? canaries : await openCanaries();
      const sources = await preparePass(record, at.name, store);
      const opened = await openBooks(sources);
      if (!running()) {
        return false;
      }
      books = opened;
      const earlier = record.sources.filter((source) => source.pass !== at.name);
      await update({ sources: [...earlier, ...sources], step: { name: at.name, phase: "leasing" } });
      return true;
    }
    const next = stepAfter(record, at.name);
    if (!books.every((book) => isComplete(book.state)) || (next.name === "comparing" && !endCanaries(canaries))) {
      return false;
    }
    await Promise.all(books.map((book) => book.saved()));
    if (!running()) {
      return false;
    }
    const ended = books;
    books = [];
    await update({ sources: withSkipped(record.sources, ended), step: next });
    for (const book of ended) {
      book.close();
    }
    return true;
  };

  const fail = async (error: unknown): Promise<void> => {
    problem = error instanceof Error ? error.message : String(error);
    failures++;
    retryAtMs = clock.monotonicMs() + Math.min(LONGEST_DELAY_MS, 500 * 2 ** failures);
    log.warn({ campaign: record.id, failures, err: error }, "campaign step failed");
    const stuck = running() && books.length === 0 && (failures >= MOST_FAILURES || error instanceof UserError);
    if (stuck) {
      await end("failed", error instanceof UserError ? error.line : problem).catch(() => undefined);
    }
  };

  return {
    matcher: createMatcher(record.spec),
    shares: createRateShares(record.spec.rate.total),
    prefixShares: createPrefixShares(record.spec.rate.perPrefix),
    meter: createRateMeter(),
    canaryRounds: createCanaryRounds(record.spec.rate.canaryIntervalMs),
    get record() {
      return record;
    },
    get books() {
      return books;
    },
    get canaries() {
      return canaries;
    },
    get problem() {
      return problem;
    },
    set problem(text) {
      problem = text;
    },
    get settled() {
      return isOver(record) && storeKnows && [...books, ...canaries].every((book) => book.state.coverage.length === 0);
    },
    async start(vantages) {
      const [first] = passesOf(record.spec);
      await update({
        state: "running",
        vantages,
        startedAtMs: clock.wallMs(),
        step: { name: first ?? "synscan", phase: "preparing" },
      });
    },
    setPaused: (paused) => update({ paused }),
    note: (text) => update({ notes: [...record.notes, text] }),
    async cancel() {
      const saved = end("cancelled");
      const effects = [...books, ...canaries].flatMap((book) => book.apply({ type: "cancel" }));
      await saved;
      return effects;
    },
    async advance() {
      if (working || clock.monotonicMs() < retryAtMs) {
        return;
      }
      working = true;
      try {
        let moved = true;
        while (moved) {
          await tellStore();
          moved = await step();
        }
        await tellStore();
        failures = 0;
        problem = null;
      } catch (error) {
        await fail(error);
      } finally {
        working = false;
      }
    },
    flush() {
      for (const book of [...books, ...canaries]) {
        book.flush();
      }
    },
    close() {
      cell.close();
      for (const book of [...books, ...canaries]) {
        book.close();
      }
    },
  };
}

function stepAfter(record: CampaignRecord, pass: Pass): CampaignStep {
  const passes = passesOf(record.spec);
  const next = passes[passes.indexOf(pass) + 1];
  return next === undefined ? { name: "comparing" } : { name: next, phase: "preparing" };
}

function withSkipped(sources: CampaignRecord["sources"], ended: readonly SourceBook[]): CampaignRecord["sources"] {
  const skipped = new Map(ended.map((book) => [book.record.id, sizeOf(book.state.skipped)]));
  return sources.map((source) => ({ ...source, skipped: skipped.get(source.id) ?? source.skipped }));
}
