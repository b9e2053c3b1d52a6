import type { TruthChange, TruthTarget } from "../../deploy/lab/truth.js";
import { isMarking } from "../../shared/verdict/marking.js";
import type { Dossier } from "../dossier/document.js";

/** Boxes of the lab that no dossier names, a line each: by an end of the interval in which the lab has them. */
export function unnamedBoxes(expected: readonly TruthTarget[], dossiers: readonly Dossier[]): string[] {
  return expected.flatMap(({ network, address, port, changes }) =>
    changes
      .filter((change) => !isMarking(change.condition) && !dossiers.some((dossier) => names(dossier, change)))
      .map(
        ({ condition, vantage, after, before }) =>
          `${network}: no dossier names the box on the path from ${vantage} to ${address} port ${port} ` +
          `(${condition} between ${after ?? "the source"} and ${before})`,
      ),
  );
}

function names({ address, behaviour, seenFrom }: Dossier, { condition, vantage, after, before }: TruthChange): boolean {
  return (
    (address === after || address === before) &&
    behaviour.some((one) => one.condition === condition) &&
    seenFrom.some((one) => one.vantage === vantage)
  );
}
