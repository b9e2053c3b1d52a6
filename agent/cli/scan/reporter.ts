import type { LineSink } from "../scan-output/sink.js";
import { type BegunScan, targetsAskedAgain } from "./begin.js";
import type { Ending } from "./ending.js";
import { createFuses } from "./fuses.js";
import type { ScanRequest } from "./request.js";
import { createStatus } from "./status.js";
import { formatStatusFileLine, STATUS_FILE_HEADER } from "./status-file.js";
import { formatStatusLine } from "./status-line.js";
import type { ScanView } from "./view.js";

export interface ReporterOptions {
  readonly request: ScanRequest;
  readonly begun: BegunScan;
  readonly view: ScanView;
  readonly ending: Ending;
  /** Monotonic and Unix milliseconds. */
  readonly nowMs: () => number;
  readonly unixMs: () => number;
  /** For the status lines; null: none. */
  readonly stderr: ((text: string) => void) | null;
  /** Null: no status file. */
  readonly statusFile: LineSink | null;
}

/** Makes a report now: a line for the person, one for the file, and a look at the fuses. To be called once a second. */
export function createReporter(options: ReporterOptions): () => void {
  const { request, begun, view, ending, statusFile } = options;
  const status = createStatus({
    targets: begun.plan.targets,
    variants: request.variants.length,
    askedAgain: targetsAskedAgain(begun),
    cooldownMs: request.replyWindowMs * (1 + request.retries),
    sendingThreads: request.sendingThreads,
    maxRuntimeS: request.maxRuntimeS,
    maxResults: request.maxResults,
    start: view.counts(),
    startMs: options.nowMs(),
  });
  const fuse = createFuses(request);
  statusFile?.write(STATUS_FILE_HEADER);

  return () => {
    const report = status(view.counts(), options.nowMs(), view.totals().results);
    options.stderr?.(`${formatStatusLine(report)}\n`);
    statusFile?.write(formatStatusFileLine(report, options.unixMs()));
    const blown = fuse(report);
    if (blown !== null) ending.end("fuse", blown);
  };
}
