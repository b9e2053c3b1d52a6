/** Indices `[from, to)` and the lease under which they were asked. */
export interface Asked {
  readonly from: number;
  readonly to: number;
  readonly epoch: number;
}

/** What the store was given of a source, and what the agents say they sent. */
export interface Evidence {
  readonly size: number;
  readonly asked: readonly Asked[];
  readonly uncertain: readonly Asked[];
  readonly sent: readonly Asked[];
}

export interface Findings {
  /** Indices that no lease asked, or that two did, by the coordinator's coverage. */
  readonly gaps: number;
  readonly overlaps: number;
  /** Indices that no agent sent to. */
  readonly unsent: number;
  /** Indices that were sent under two leases or more, and those of them that no coverage calls uncertain. */
  readonly repeated: number;
  readonly unrecorded: number;
  /** Indices that the coverage calls uncertain. */
  readonly uncertain: number;
}

/** Compares the coverage with `[0, size)` and with the agents' ledgers. */
export function checkCoverage({ size, asked, uncertain, sent }: Evidence): Findings {
  const byCoverage = depths(size, asked);
  const bySenders = depths(size, sent);
  const doubtful = depths(size, uncertain).filter(({ depth }) => depth > 0);
  const repeated = bySenders.filter(({ depth }) => depth > 1);
  const total = (pieces: readonly Piece[]) => pieces.reduce((sum, { from, to }) => sum + to - from, 0);
  return {
    gaps: total(byCoverage.filter(({ depth }) => depth === 0)),
    overlaps: total(byCoverage.filter(({ depth }) => depth > 1)),
    unsent: total(bySenders.filter(({ depth }) => depth === 0)),
    repeated: total(repeated),
    unrecorded: total(repeated) - shared(repeated, doubtful),
    uncertain: total(doubtful),
  };
}

interface Piece {
  readonly from: number;
  readonly to: number;
  readonly depth: number;
}

/** `[0, size)` cut where the number of intervals over it changes; what lies outside counts as an overlap. */
function depths(size: number, intervals: readonly Asked[]): Piece[] {
  const steps = new Map<number, number>([
    [0, 0],
    [size, 0],
  ]);
  for (const { from, to } of intervals) {
    steps.set(from, (steps.get(from) ?? 0) + 1);
    steps.set(to, (steps.get(to) ?? 0) - 1);
  }
  const edges = [...steps.keys()].sort((a, b) => a - b);
  const pieces: Piece[] = [];
  let depth = 0;
  for (const [i, from] of edges.entries()) {
    depth += steps.get(from) ?? 0;
    const to = edges[i + 1];
    if (to !== undefined) pieces.push({ from, to, depth: from < 0 || from >= size ? depth + 1 : depth });
  }
  return pieces;
}

/** How many indices lie in both; each side ascending and without overlaps. */
function shared(a: readonly Piece[], b: readonly Piece[]): number {
  let sum = 0;
  let j = 0;
  for (const { from, to } of a) {
    while ((b[j]?.to ?? Number.POSITIVE_INFINITY) <= from) j++;
    for (let k = j; (b[k]?.from ?? Number.POSITIVE_INFINITY) < to; k++) {
      sum += Math.min(to, b[k]?.to ?? 0) - Math.max(from, b[k]?.from ?? 0);
    }
  }
  return sum;
}
