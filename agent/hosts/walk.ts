import { createTarget, type Target, type TargetSource } from "../../shared/target/source.js";

export interface HostWalkOptions {
  readonly source: TargetSource;
  /** Indices `[from, to)` of the source. */
  readonly from: number;
  readonly to: number;
  /** Addresses that are being talked to, shared by all walks of the agent: one connection per host at a time. */
  readonly busyHosts: Set<string>;
  /** Targets that wait for their host to be free, at most. */
  readonly mostParked: number;
  /** Targets that are not to be sent to; may change at any time. */
  readonly isSkipped: (address: Uint8Array) => boolean;
  /** Told of each index that was left out without having been asked, before it counts as done. */
  readonly onLeftOut?: ((index: number) => void) | undefined;
  /** Talks to one target. `true`: it is over; `false`: it was cut short, and the index stays open. */
  readonly work: (index: number, target: Target) => Promise<boolean>;
}

/** Goes through the targets of a lease in order, some hosts at a time, each with one connection. */
export interface HostWalk {
  /** Begins targets until `most` hosts are talked to. */
  fill(most: number): void;
  /** Hosts that are being talked to. */
  readonly running: number;
  /** Every target was begun and is over or cut short, or the walk has failed. */
  readonly isOver: boolean;
  /** Ends the walk, as a work does that rejects. */
  fail(error: unknown): void;
  /** Throws what the walk has failed with, if it has. */
  check(): void;
  /** An index is left out after all. */
  leaveOut(index: number): void;
  /** The first index that was not begun, the first that is not over, and how many were left out. */
  progress(): { readonly sent: number; readonly done: number; readonly skipped: number };
}

export function createHostWalk(options: HostWalkOptions): HostWalk {
  const { source, to, busyHosts } = options;
  const open = new Set<number>();
  const parked: { readonly index: number; readonly target: Target }[] = [];
  let next = options.from;
  let running = 0;
  let skipped = 0;
  let failed: { readonly error: unknown } | null = null;

  async function talk(index: number, target: Target, host: string): Promise<void> {
    running++;
    try {
      if (await options.work(index, target)) open.delete(index);
    } catch (error) {
      fail(error);
    } finally {
      busyHosts.delete(host);
      running--;
    }
  }

  function fail(error: unknown): void {
    failed ??= { error };
  }

  function leaveOut(index: number): void {
    skipped++;
    options.onLeftOut?.(index);
  }

  /** False while another connection to the same host is open. */
  function take(index: number, target: Target): boolean {
    if (options.isSkipped(target.address)) {
      leaveOut(index);
      return true;
    }
    const host = hostId(target.address);
    if (busyHosts.has(host)) return false;
    busyHosts.add(host);
    open.add(index);
    void talk(index, target, host);
    return true;
  }

  return {
    fill(most) {
      for (let i = 0; i < parked.length && running < most; i++) {
        const one = parked[i];
        if (one !== undefined && take(one.index, one.target)) parked.splice(i--, 1);
      }
      while (next < to && running < most && parked.length < options.mostParked) {
        const target = createTarget();
        source.targetAt(next, target);
        if (!take(next, target)) parked.push({ index: next, target });
        next++;
      }
    },
    get running() {
      return running;
    },
    get isOver() {
      return failed !== null || (running === 0 && next >= to && parked.length === 0);
    },
    fail,
    check() {
      if (failed !== null) throw failed.error;
    },
    leaveOut,
    progress() {
      let done = next;
      for (const index of open) done = Math.min(done, index);
      for (const { index } of parked) done = Math.min(done, index);
      return { sent: next, done, skipped };
    },
  };
}

/** An address as the key of a set or map. */
export function hostId(address: Uint8Array): string {
  return String.fromCharCode(...address);
}
