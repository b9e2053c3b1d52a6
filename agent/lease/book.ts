import { errorMessage, UserError } from "../../shared/errors.js";
import type { LeaseMarks, WorkGrant, WorkPlan, WorkStage } from "../../shared/lease/work.js";
import type { Admission, Admitted } from "./admission.js";
import type { ProbeRun, StartProbing } from "./engine.js";
import { createMarkTracker, type MarkTracker } from "./marks.js";
import type { Trouble } from "./trouble.js";
import type { BatchWriter, CutBatch, LeaseRef } from "./writer.js";

/**
 * The leases of one agent, from grant to last committed row. A lease is listed in the heartbeats for as long as there
 * is anything left to do for it, by this rule (the coordinator reads a lease that is no longer listed as committed):
 *
 * - `active`: from its grant until a heartbeat with `committed = to` was acknowledged.
 * - `yielding`: nothing is sent any more; when the last reply window is over it ends at what was done, says so, and goes on
 *   as `active` does.
 * - `revoked`: nothing is sent any more, the rows received stay evidence; listed until its batches are committed.
 * - `left`: known only from batches that an earlier life of the agent left in the spool; listed, with all marks 0,
 *   until those are committed.
 */
export interface LeaseBook {
  plan(plan: WorkPlan): void;
  /** Starts the shard, or refuses it; then it is not offered to this agent again. A grant that the book has already changes nothing. */
  grant(grant: WorkGrant): void;
  revoke(lease: string, reason: string): void;
  /** Gives up what was not sent of a lease. */
  yield(lease: string): void;
  /** Shuts the gates of a campaign's leases, or opens them again. */
  pause(campaign: string, paused: boolean): void;
  /** A session begins: what is paused is said again. */
  forgetPauses(): void;
  /** What heartbeat `sequence` says. */
  marks(sequence: number): LeaseMarks[];
  heartbeatAcknowledged(sequence: number): void;
  /** To be called for each batch that the writer cuts, and for each that is committed. */
  batchCut(batch: CutBatch): void;
  batchCommitted(batch: string): void;
  /** Brings the rows so far into the spool and moves the marks; rejects with the spool's error, moving none. */
  checkpoint(): Promise<void>;
  /** Shards that are being probed. */
  readonly running: number;
  /** Sends nothing any more; resolves when every reply window is over. */
  stop(): Promise<void>;
}

export interface LeaseBookOptions {
  readonly admission: Admission;
  readonly startProbing: StartProbing;
  readonly writer: Pick<BatchWriter, "append" | "cut" | "drain">;
  /** Until when may be sent, in monotonic ms. Looked at before every send batch of every lease. */
  readonly allowedUntil: () => number;
  readonly refuse: (lease: LeaseRef, reason: string) => void;
  /** A lease that was refused or ended early: one line. */
  readonly report: (problem: string) => void;
  /** By stage: its engine failed, and the coordinator offers this agent no more of that source. */
  readonly trouble: Pick<Trouble, "begin" | "end">;
  /** Batches that an earlier life of the agent left in the spool. */
  readonly left: readonly { readonly batch: string; readonly leases: readonly LeaseRef[] }[];
}

interface Held {
  readonly ref: LeaseRef;
  /** Lower than the grant's once it has ended early. */
  to: number;
  readonly tracker: MarkTracker;
  readonly run: ProbeRun;
  state: "active" | "yielding" | "revoked";
  /** What the heartbeats say of an early end; null while there is none. */
  endsAt: number | null;
  running: boolean;
  /** The first heartbeat that said `committed = to`. */
  completeIn: number | null;
}

/** More leases than any coordinator gives one agent. */
const MOST_LEASES = 4_096;

export function createLeaseBook(options: LeaseBookOptions): LeaseBook {
  const held = new Map<string, Held>();
  const left = new Map<string, { readonly ref: LeaseRef; readonly batches: Set<string> }>();
  const pausedCampaigns = new Set<string>();
  let stopping = false;

  for (const { batch, leases } of options.left) {
    for (const ref of leases) {
      const known = left.get(ref.lease) ?? { ref, batches: new Set() };
      known.batches.add(batch);
      left.set(ref.lease, known);
    }
  }

  const end = (lease: Held, reason: string): void => {
    if (lease.state !== "revoked") {
      lease.state = "revoked";
      lease.run.stop();
      options.report(`lease ${lease.ref.lease} ended at index ${lease.run.sent}: ${reason}`);
    }
  };

  const fail = (ref: LeaseRef, stage: WorkStage, error: unknown): string => {
    const reason = `probing failed: ${error instanceof UserError ? error.line : errorMessage(error)}`;
    options.trouble.begin(stage, reason);
    options.refuse(ref, reason);
    return reason;
  };

  const forgetEnded = (): void => {
    for (const [id, lease] of held) {
      if (lease.state === "revoked" && !lease.running && !lease.tracker.waiting) {
        held.delete(id);
      }
    }
  };

  const gateMoved = (): void => {
    for (const { run } of held.values()) run.gateMoved();
  };

  const start = (grant: WorkGrant, { plan, source, sourceSpec }: Admitted): void => {
    const ref = { lease: grant.lease, epoch: grant.epoch };
    const run = options.startProbing({
      plan,
      source,
      sourceSpec,
      from: grant.from,
      to: grant.to,
      allowedUntil() {
        const mayRun = held.get(grant.lease)?.state === "active" && !stopping && !pausedCampaigns.has(plan.campaign);
        return mayRun ? options.allowedUntil() : 0;
      },
      emit: (row) => options.writer.append(plan.campaign, ref, row),
    });
    const lease: Held = {
      ref,
      to: grant.to,
      tracker: createMarkTracker(grant.from),
      run,
      state: "active",
      endsAt: null,
      running: true,
      completeIn: null,
    };
    held.set(grant.lease, lease);
    run.finished.then(
      () => {
        lease.running = false;
        options.trouble.end(plan.stage);
      },
      (error: unknown) => {
        lease.running = false;
        end(lease, fail(ref, plan.stage, error));
        forgetEnded();
      },
    );
  };

  return {
    plan: options.admission.plan,
    grant(grant) {
      if (held.has(grant.lease) || stopping) {
        return;
      }
      const examined =
        held.size < MOST_LEASES ? options.admission.examine(grant) : `this agent holds ${held.size} leases already`;
      if (typeof examined === "string") {
        options.report(`lease ${grant.lease} refused: ${examined}`);
        options.refuse({ lease: grant.lease, epoch: grant.epoch }, examined);
        return;
      }
      try {
        start(grant, examined);
      } catch (error) {
        fail({ lease: grant.lease, epoch: grant.epoch }, examined.plan.stage, error);
      }
    },
    revoke(id, reason) {
      const lease = held.get(id);
      if (lease !== undefined) {
        end(lease, reason);
      }
    },
    yield(id) {
      const lease = held.get(id);
      if (lease?.state === "active") {
        lease.state = "yielding";
        lease.run.stop();
      }
    },
    pause(campaign, paused) {
      if (paused) {
        pausedCampaigns.add(campaign);
      } else {
        pausedCampaigns.delete(campaign);
      }
      gateMoved();
    },
    forgetPauses() {
      pausedCampaigns.clear();
      gateMoved();
    },
    marks(sequence) {
      const marks: LeaseMarks[] = [];
      for (const lease of held.values()) {
        const { done, committed } = lease.tracker;
        if (committed === lease.to) {
          lease.completeIn ??= sequence;
        }
        const endsAt = lease.endsAt === null ? {} : { endsAt: lease.endsAt };
        marks.push({ ...lease.ref, sent: Math.max(lease.run.sent, done), done, committed, ...endsAt });
      }
      for (const { ref } of left.values()) {
        marks.push({ ...ref, sent: 0, done: 0, committed: 0 });
      }
      return marks;
    },
    heartbeatAcknowledged(sequence) {
      for (const [id, lease] of held) {
        if (lease.completeIn !== null && lease.completeIn <= sequence) {
          held.delete(id);
        }
      }
    },
    batchCut(batch) {
      for (const ref of batch.leases) {
        held.get(ref.lease)?.tracker.batchCut(batch.batch);
      }
    },
    batchCommitted(batch) {
      for (const lease of held.values()) {
        lease.tracker.batchCommitted(batch);
      }
      for (const [id, { batches }] of left) {
        if (batches.delete(batch) && batches.size === 0) {
          left.delete(id);
        }
      }
      forgetEnded();
    },
    async checkpoint() {
      options.writer.cut();
      const current = [...held.values()];
      const over = current.filter((lease) => lease.state === "yielding" && !lease.running);
      for (const { tracker, run } of current) {
        tracker.snapshot(run.done);
      }
      await options.writer.drain();
      for (const { tracker } of current) {
        tracker.stored();
      }
      for (const lease of over) {
        // Nothing more of it is sent or comes in: its end is as durable as its rows.
        lease.to = lease.tracker.done;
        lease.endsAt = lease.to;
      }
      forgetEnded();
    },
    get running() {
      return [...held.values()].filter((lease) => lease.running).length;
    },
    async stop() {
      stopping = true;
      const runs = [...held.values()].filter((lease) => lease.running).map(({ run }) => run);
      for (const run of runs) {
        run.stop();
      }
      await Promise.allSettled(runs.map((run) => run.finished));
    },
  };
}
