/** What a scan has done so far; everything counts from its beginning, over interruptions. */
export interface ScanCounts {
  /** SYNs, retries too. */
  readonly packets: number;
  /** Replies that made a row. */
  readonly replies: number;
  /** SYN/ACKs among them. */
  readonly successes: number;
  /** Packets that the interface gave us, of whatever kind. */
  readonly received: number;
  /** Null: the driver cannot tell. */
  readonly kernelDrops: number | null;
  readonly sendErrors: number;
  /** Targets whose first probes are out, and targets that are over. */
  readonly targetsSent: number;
  readonly targetsDone: number;
}

export interface StatusOptions {
  readonly targets: number;
  /** Probes of a target, without retries: what the hit rate is of. */
  readonly variants: number;
  /** Targets of earlier runs that are asked again: their answers count twice. */
  readonly askedAgain: number;
  readonly cooldownMs: number;
  readonly sendingThreads: number;
  /** Seconds that may be sent, and results that may be printed; null where there is no limit. */
  readonly maxRuntimeS: number | null;
  readonly maxResults: number | null;
  /** Where an interrupted scan goes on. */
  readonly start: ScanCounts;
  readonly startMs: number;
}

interface Rates {
  readonly total: number;
  readonly lastSecond: number;
  readonly average: number;
}

/** One second's report; rates per second, `lastSecond` since the report before. */
export interface ScanStatus {
  readonly elapsedS: number;
  /** Null while there is nothing to go by. */
  readonly remainingS: number | null;
  readonly percentComplete: number;
  /** Successes per probe that was sent, in percent. */
  readonly hitRate: number;
  /** No target waits for its first probe. */
  readonly sendingOver: boolean;
  readonly sendingThreads: number;
  readonly sent: Rates;
  readonly replies: Rates;
  readonly successes: Rates;
  readonly received: Rates;
  readonly drops: Rates | null;
  readonly sendErrors: Rates;
}

/** Reports of this run alone: rates and times leave out what an earlier run did, totals do not. */
export function createStatus(
  options: StatusOptions,
): (counts: ScanCounts, nowMs: number, results: number) => ScanStatus {
  const { start, startMs, targets } = options;
  let before = start;
  let beforeMs = startMs;
  let sentAllAtMs: number | null = null;

  return (counts, nowMs, results) => {
    const elapsedS = (nowMs - startMs) / 1000;
    const deltaS = Math.max((nowMs - beforeMs) / 1000, 0.001);
    const rates = (of: (counts: ScanCounts) => number): Rates => ({
      total: of(counts),
      lastSecond: (of(counts) - of(before)) / deltaS,
      average: (of(counts) - of(start)) / Math.max(elapsedS, 0.001),
    });
    const sendingOver = counts.targetsSent >= targets;
    if (sendingOver) sentAllAtMs ??= nowMs;
    const probes = (counts.targetsSent + options.askedAgain) * options.variants;
    const status: ScanStatus = {
      elapsedS,
      remainingS:
        sentAllAtMs === null
          ? remainingSeconds(options, counts, elapsedS, results)
          : Math.max(0, (options.cooldownMs - (nowMs - sentAllAtMs)) / 1000),
      percentComplete: percentOf(options, counts, elapsedS, results),
      hitRate: probes === 0 ? 0 : (100 * counts.successes) / probes,
      sendingOver,
      sendingThreads: options.sendingThreads,
      sent: rates((one) => one.packets),
      replies: rates((one) => one.replies),
      successes: rates((one) => one.successes),
      received: rates((one) => one.received),
      drops: counts.kernelDrops === null ? null : rates((one) => one.kernelDrops ?? 0),
      sendErrors: rates((one) => one.sendErrors),
    };
    before = counts;
    beforeMs = nowMs;
    return status;
  };
}

/** Until the first of the limits, with the replies' time behind it. */
function remainingSeconds(
  { targets, start, cooldownMs, maxRuntimeS, maxResults }: StatusOptions,
  counts: ScanCounts,
  elapsedS: number,
  results: number,
): number | null {
  const cooldownS = cooldownMs / 1000;
  const sent = counts.targetsSent - start.targetsSent;
  const estimates: number[] = [];
  if (sent > 0) estimates.push(((targets - counts.targetsSent) * elapsedS) / sent + cooldownS);
  if (maxRuntimeS !== null) estimates.push(Math.max(0, maxRuntimeS - elapsedS) + cooldownS);
  if (maxResults !== null && results > 0) estimates.push((Math.max(0, maxResults - results) * elapsedS) / results);
  return estimates.length === 0 ? null : Math.min(...estimates);
}

/** The share of the limit that is nearest; all of it only when every target is over. */
function percentOf(options: StatusOptions, counts: ScanCounts, elapsedS: number, results: number): number {
  if (counts.targetsDone >= options.targets) return 100;
  const shares = [
    counts.targetsSent / options.targets,
    options.maxRuntimeS === null ? 0 : elapsedS / options.maxRuntimeS,
    options.maxResults === null ? 0 : results / options.maxResults,
  ];
  return Math.min(99, 100 * Math.max(...shares));
}
