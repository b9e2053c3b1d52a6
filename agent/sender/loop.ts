import type { Prefix } from "../../shared/address/prefix.js";
import type { PrefixShare } from "../../shared/lease/work.js";
import { createProbeBuilder, type ProbeBuilder } from "../../shared/probe/build.js";
import type { ProbeKernel } from "../../shared/probe/kernel.js";
import { profileFacts } from "../../shared/probe/profile.js";
import { openTargetSource } from "../../shared/target/spec.js";
import { createJointCap } from "../rate/joint-cap.js";
import { createPrefixBudget, type PrefixBudget } from "../rate/prefix-budget.js";
import { attachRateCap } from "../rate/rate-cap.js";
import { attachScanBoard } from "../synscan/board.js";
import { createSynSender } from "../synscan/sender.js";
import { attachTraceBoard } from "../tracebox/board.js";
import { createTraceSender } from "../tracebox/sender.js";
import type { SendPort } from "../wire/port.js";
import type { SenderWaits } from "./batch-sender.js";
import type { SendJob } from "./job.js";
import type { Sender } from "./sender.js";
import { type Skips, skippedOf } from "./skips.js";

export interface SenderLoopOptions {
  readonly port: SendPort;
  /** Of this thread: its memory holds the port's frames where the port could take them. */
  readonly kernel: ProbeKernel;
  /** Source addresses, 16 bytes; null where the vantage point has none of the family. */
  readonly source4: Uint8Array | null;
  readonly source6: Uint8Array | null;
  readonly clock: { monotonicMs(): number; unixMs(): number };
  /** Loops that send for the same agent: each has so large a part of a prefix's budget. */
  readonly loops: number;
}

/** The senders of one thread and port, in turns. */
export interface SenderLoop {
  /** Calls `onEnd` when the job is over, with what it failed by or null. */
  add(job: SendJob, onEnd: (error: unknown) => void): void;
  /** Leaves these out of every job, from the next batch on, in place of what it was told before. */
  leaveOut(prefixes: readonly Prefix[]): void;
  /** A batch of each sender; returns the milliseconds until one of them has something to do, at most `IDLE_MS`. */
  turn(): number;
  readonly active: number;
  readonly waits: Readonly<SenderWaits>;
}

const IDLE_MS = 20;
/** Looks at a busy device in one turn: some milliseconds, while a device is busy for microseconds. */
const MOST_STEPS = 10_000;
/** Jobs at the same time: more leases than any coordinator gives one agent. */
export const MOST_JOBS = 4096;

interface Entry {
  readonly job: SendJob;
  readonly skips: Skips;
  readonly sender: Sender;
  readonly builder: ProbeBuilder;
  readonly onEnd: (error: unknown) => void;
}

export function createSenderLoop(options: SenderLoopOptions): SenderLoop {
  const { port, kernel, clock } = options;
  const senders: Entry[] = [];
  const waits: SenderWaits = { rate: 0 };
  /** Whose batch lies in the port's slots and is not all out: nobody else may fill them. */
  let owner: Entry | null = null;
  let leftOut: readonly Prefix[] = [];
  /** Shared by all jobs: what one campaign sends to a network counts for the others. */
  const budgets = new Map<string, PrefixBudget>();

  function budgetOf(plan: PrefixShare | null): { table: PrefixBudget; packetsPerSecond: number } | null {
    if (plan === null) return null;
    const key = `${plan.v4} ${plan.v6}`;
    const table = budgets.get(key) ?? createPrefixBudget(plan);
    budgets.set(key, table);
    return { table, packetsPerSecond: plan.packetsPerSecond / options.loops };
  }

  const skippedIn = (job: SendJob): Skips["isSkipped"] => skippedOf(job.source, [...job.skip, ...leftOut]);

  function senderOf(job: SendJob, builder: ProbeBuilder, skips: Skips): Sender {
    const [first, ...others] = job.caps;
    const cap = others.reduce(
      (outer, memory) => createJointCap(outer, attachRateCap(memory, clock.monotonicMs)),
      attachRateCap(first, clock.monotonicMs),
    );
    const { from, to, variants, retries, replyWindowMs } = job;
    const common = {
      ...{ port, from, to, variants, builder, kernel, retries, replyWindowMs, cap, clock, waits },
      source: openTargetSource(job.source),
      budget: budgetOf(job.perPrefix),
      skips,
    };
    switch (job.stage) {
      case "synscan":
        return createSynSender({ ...common, board: attachScanBoard(job.board), ttl: profileFacts(job.profile).ttl });
      case "tracebox": {
        const { maxTtl, spacingMs } = job;
        const board = attachTraceBoard(job.board, { variants: variants.length, maxTtl });
        return createTraceSender({ ...common, board, maxTtl, spacingMs, loops: options.loops });
      }
    }
  }

  return {
    add(job, onEnd) {
      const builder = createProbeBuilder({
        secret: job.secret,
        stage: job.stage,
        profile: job.profile,
        source4: options.source4,
        source6: options.source6,
        kernel,
      });
      try {
        const skips: Skips = { isSkipped: skippedIn(job) };
        senders.push({ job, skips, sender: senderOf(job, builder, skips), builder, onEnd });
      } catch (error) {
        builder.release();
        throw error;
      }
    },
    leaveOut(prefixes) {
      leftOut = prefixes;
      for (const { job, skips } of senders) skips.isSkipped = skippedIn(job);
    },
    turn() {
      if (owner !== null) return turnOf(owner);
      let wait = IDLE_MS;
      for (let i = 0; i < senders.length && owner === null; ) {
        const entry = senders[i] as Entry;
        wait = Math.min(wait, turnOf(entry));
        // One that is over took itself out.
        if (senders[i] === entry) i++;
      }
      return wait;
    },
    get active() {
      return senders.length;
    },
    waits,
  };

  function turnOf(entry: Entry): number {
    try {
      const ms = stepOf(entry);
      if (ms !== null) return Math.min(IDLE_MS, ms);
      end(entry, null);
    } catch (error) {
      end(entry, error);
    }
    return IDLE_MS;
  }

  /** While there is another sender, a busy device is waited for. */
  function stepOf(entry: Entry): number | null {
    const { sender } = entry;
    let ms = sender.step();
    for (let i = 0; i < MOST_STEPS && senders.length > 1 && ms !== null && sender.isMidBatch(); i++) ms = sender.step();
    owner = ms !== null && sender.isMidBatch() ? entry : null;
    return ms;
  }

  function end(entry: Entry, error: unknown): void {
    senders.splice(senders.indexOf(entry), 1);
    if (owner === entry) owner = null;
    entry.builder.release();
    entry.onEnd(error);
  }
}
