import type { Piece } from "./document.js";

/** An interval of coverage, as the table has it. */
export interface Covered {
  readonly from: number;
  readonly to: number;
  readonly kind: "asked" | "skipped" | "uncertain";
  readonly reason: string;
}

/** What wins where intervals overlap: a target that was left out lies within a lease that was asked. */
const RANK = { skipped: 3, asked: 2, uncertain: 1 } as const;

/** Tiles `[0, size)`: what nothing covers was not asked, for the reason given. */
export function piecesOf(covered: readonly Covered[], size: number, whyNot: string): Piece[] {
  const edges = new Map<number, { readonly begins: Covered[]; readonly ends: Covered[] }>();
  const edgeAt = (at: number) => {
    const edge = edges.get(at) ?? { begins: [], ends: [] };
    edges.set(at, edge);
    return edge;
  };
  for (const interval of covered) {
    if (interval.from >= Math.min(interval.to, size)) continue;
    edgeAt(interval.from).begins.push(interval);
    edgeAt(Math.min(interval.to, size)).ends.push(interval);
  }
  const pieces: Piece[] = [];
  const open = new Set<Covered>();
  let from = 0;
  const add = (to: number): void => {
    if (to === from) return;
    let best: Covered | null = null;
    for (const interval of open) if (best === null || RANK[interval.kind] > RANK[best.kind]) best = interval;
    const kind = best?.kind ?? "not-asked";
    const reason = kind === "asked" ? "" : (best?.reason ?? whyNot);
    const last = pieces.at(-1);
    if (last?.kind === kind && last.reason === reason) pieces[pieces.length - 1] = { ...last, to };
    else pieces.push({ from, to, kind, reason });
    from = to;
  };
  for (const at of [...edges.keys()].sort((a, b) => a - b)) {
    add(at);
    for (const interval of edges.get(at)?.ends ?? []) open.delete(interval);
    for (const interval of edges.get(at)?.begins ?? []) open.add(interval);
  }
  add(size);
  return pieces;
}

export function countsOf(
  pieces: readonly Piece[],
  repeated: readonly { readonly from: number; readonly to: number }[],
) {
  const sum = (kind: Piece["kind"]) =>
    pieces.reduce((total, piece) => total + (piece.kind === kind ? piece.to - piece.from : 0), 0);
  return {
    asked: sum("asked"),
    skipped: sum("skipped"),
    uncertain: sum("uncertain"),
    notAsked: sum("not-asked"),
    repeated: repeated.reduce((total, { from, to }) => total + to - from, 0),
  };
}
