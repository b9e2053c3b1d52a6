import type { TruthChange, TruthTarget } from "../../deploy/lab/truth.js";
import { isMarking } from "../../shared/verdict/marking.js";
import type { Dossier } from "../dossier/document.js";
import { placeWords } from "../dossier/words.js";

/** A target, and what the boxes on the paths to it do. */
export type BoxedTarget = Pick<TruthTarget, "network" | "address" | "port" | "changes">;

/**
 * Boxes that no dossier names, a line each. A dossier names one by an end of the interval in which it stands, by what it
 * does, and by the vantage point on whose path it is.
 */
export function unnamedBoxes(expected: readonly BoxedTarget[], dossiers: readonly Dossier[]): string[] {
  const named = new Set(dossiers.flatMap(claimsOf));
  return boxesOf(expected)
    .filter((box) => ![box.after, box.before].some((end) => named.has(claim(end, box))))
    .map(
      ({ network, address, port, condition, vantage, after, before }) =>
        `${network}: no dossier names the box on the path from ${vantage} to ${address} port ${port} ` +
        `(${condition} between ${after ?? "the source"} and ${before})`,
    );
}

/**
 * Dossiers that are not true, a line each: no box stands at that side of their hop, or none there does what they say, or is
 * on the path from a vantage point that they say sees it.
 */
export function untrueDossiers(expected: readonly BoxedTarget[], dossiers: readonly Dossier[]): string[] {
  const boxes = boxesOf(expected);
  const sides = new Set(boxes.flatMap(({ vantage, after, before }) => [sideKey(after, vantage), `at ${before}`]));
  const truths = new Set(boxes.flatMap((box) => [box.after, box.before].map((end) => claim(end, box))));
  return dossiers.flatMap((dossier) => {
    const hop = dossier.address ?? "the vantage point itself";
    const isSomewhere = dossier.seenFrom.some(({ vantage }) =>
      sides.has(dossier.place === "at" ? `at ${dossier.address}` : sideKey(dossier.address, vantage)),
    );
    if (!isSomewhere) return [`a dossier has a box ${placeWords(dossier)}, where there is none`];
    const { behaviour, seenFrom } = dossier;
    const conditions = behaviour.filter(
      ({ condition }) => !seenFrom.some(({ vantage }) => truths.has(claim(dossier.address, { vantage, condition }))),
    );
    const vantages = seenFrom.filter(
      ({ vantage }) => !behaviour.some(({ condition }) => truths.has(claim(dossier.address, { vantage, condition }))),
    );
    return [
      ...conditions.map(({ condition }) => `a dossier says ${condition} of the box at ${hop}, which does not do it`),
      ...vantages.map(
        ({ vantage }) => `a dossier says that ${vantage} sees the box at ${hop}, which is not on its way`,
      ),
    ];
  });
}

type Box = TruthChange & Omit<BoxedTarget, "changes">;

/** Rewritten DSCP and ECN are borders of networks, and no boxes. */
function boxesOf(targets: readonly BoxedTarget[]): Box[] {
  return targets.flatMap(({ changes, ...target }) =>
    changes.filter(({ condition }) => !isMarking(condition)).map((change) => ({ ...target, ...change })),
  );
}

/** All that a dossier says: a box with this behaviour, at this hop, on paths from this vantage point. */
function claimsOf({ address, behaviour, seenFrom }: Dossier): string[] {
  return behaviour.flatMap(({ condition }) => seenFrom.map(({ vantage }) => claim(address, { vantage, condition })));
}

function claim(hop: string | null, { vantage, condition }: Pick<TruthChange, "vantage" | "condition">): string {
  return `${hop} ${condition} ${vantage}`;
}

/** A box behind a hop; behind none it stands at its vantage point. */
function sideKey(after: string | null, vantage: string): string {
  return after === null ? `source ${vantage}` : `behind ${after}`;
}
