import type { WebTimingRow } from "../../shared/batch/rows.js";
import type { Target } from "../../shared/target/source.js";
import type { RobotsVerdict } from "../../shared/timing/names.js";
import type { Visit, VisitRequest } from "./visit.js";

export interface VisitOfRow {
  readonly source: string;
  readonly index: number;
  readonly target: Target;
  readonly run: number;
  readonly request: Pick<VisitRequest, "scheme" | "transport" | "path">;
  readonly visit: Visit;
  readonly robots: RobotsVerdict | "";
}

/** The row of one connection. */
export function timingRow({ source, index, target, run, request, visit, robots }: VisitOfRow): WebTimingRow {
  const { body: _, ...facts } = visit;
  const { scheme, transport, path } = request;
  return {
    table: "web_timings",
    ...{ source, index, target: target.address.slice(), port: target.port, scheme, transport, run, path, robots },
    ...facts,
  };
}
