import { createListSource } from "./list.js";
import type { Target, TargetSource } from "./source.js";
import { createSpaceSource, type SpaceOptions } from "./space.js";

/** A target source as plain data, to be opened in another thread. */
export type TargetSourceSpec =
  | ({ readonly kind: "space" } & SpaceOptions)
  | {
      readonly kind: "list";
      /** The known part of the list: `targets[0]` has index `from`. */
      readonly targets: readonly Target[];
      readonly from: number;
      /** N of the whole list. */
      readonly size: number;
    };

/** Throws RangeError where the data make no source. */
export function openTargetSource(spec: TargetSourceSpec): TargetSource {
  switch (spec.kind) {
    case "space":
      return createSpaceSource(spec);
    case "list":
      return createListSource(spec.targets, spec.from, spec.size);
  }
}
