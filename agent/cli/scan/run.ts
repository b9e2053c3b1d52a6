import { UserError } from "../../../shared/errors.js";
import { decodePacket } from "../../../shared/packet/decode.js";
import { headerOf } from "../../../shared/zmap/reply.js";
import { serveRules } from "../../info/serve.js";
import type { OwnRules } from "../allowed.js";
import { abortOnInterrupt } from "../interrupt.js";
import { type OpenEngines, openEngines } from "../run-engines.js";
import { ReaderGone } from "../scan-output/sink.js";
import type { BegunScan } from "./begin.js";
import { createEnding, type Ending } from "./ending.js";
import { scanFacts } from "./facts.js";
import { scanJobs } from "./jobs.js";
import { createKeeper } from "./keeper.js";
import { writeMetadata } from "./metadata.js";
import { type Outputs, openOutputs } from "./outputs.js";
import { createReporter } from "./reporter.js";
import type { ScanRequest } from "./request.js";
import { createTally } from "./tally.js";
import { createView, type ScanView } from "./view.js";

const STATUS_EVERY_MS = 1000;
/** How often it is looked whether all first probes are out. */
const COOLDOWN_LOOK_MS = 250;

/**
 * Runs a scan until its last target is over, or a limit, a fuse, a failure or the user ends it; writes rows, status,
 * checkpoint and metadata. Resolves with how far it came. Rejects with UserError when the end was not asked for: what was
 * found until then is written all the same.
 */
export async function runScan(request: ScanRequest, rules: OwnRules, begun: BegunScan): Promise<ScanView> {
  const ending = createEnding();
  abortOnInterrupt().addEventListener("abort", () => ending.end("interrupted"));
  const page = await serveRules(rules.file, rules.file.caps);
  try {
    const outputs = await openOutputs(request, begun, ending);
    try {
      return await scanInto(outputs, { request, rules, begun, ending });
    } finally {
      await outputs.close();
    }
  } finally {
    await page?.close();
  }
}

interface Scan {
  readonly request: ScanRequest;
  readonly rules: OwnRules;
  readonly begun: BegunScan;
  readonly ending: Ending;
}

async function scanInto(outputs: Outputs, scan: Scan): Promise<ScanView> {
  const { request, rules, begun, ending } = scan;
  const phase = { isCooldown: false, sendEndedAtMs: null as number | null };
  const tally = createTally({
    format: outputs.format,
    filter: request.output.filter,
    maxResults: request.maxResults,
    before: begun.totals,
    uncountedResults: outputs.uncountedRows,
    write: outputs.rows.write,
    isCooldown: () => phase.isCooldown,
    onEnough: () => ending.end("max-results"),
  });
  const jobs = scanJobs(begun.tasks, {
    request,
    plan: begun.plan,
    skip: begun.skip,
    emit: (row, packet) => tally.take(row, headerOf(decodePacket(packet))),
    allowedUntil: () => (outputs.rows.isFull ? 0 : Number.POSITIVE_INFINITY),
  });
  const engines = await openEngines(jobs, {
    interface: request.interface ?? rules.file.interface,
    sourceAddresses: request.sourceAddresses,
    gatewayMac: request.gatewayMac,
    driver: request.driver,
    zeroCopy: request.zeroCopy,
    packetsPerSecond: begun.plan.packetsPerSecond,
    sendingThreads: request.sendingThreads,
  });
  try {
    const view = createView(begun, engines, tally);
    const look = setInterval(() => {
      phase.isCooldown = view.tasks().every(({ sent }, i) => sent === begun.tasks[i]?.to);
      if (phase.isCooldown) phase.sendEndedAtMs ??= Date.now();
    }, COOLDOWN_LOOK_MS);
    await watch(outputs, scan, engines, view).finally(() => clearInterval(look));
    if (request.metadataFile !== null) {
      const endReason = ending.reason ?? "completed";
      const { sendEndedAtMs } = phase;
      const run = { view, ports: engines.plans, endReason, sendEndedAtMs, endedAtMs: Date.now() };
      await writeMetadata(request.metadataFile, scanFacts(request, rules, begun, run));
    }
    if (ending.error !== null) throw ending.error;
    return view;
  } finally {
    await engines.close();
  }
}

/** The run itself, with a report and a checkpoint a second, and both at the end. Never rejects with UserError. */
async function watch(
  outputs: Outputs,
  { request, begun, ending }: Scan,
  engines: OpenEngines,
  view: ScanView,
): Promise<void> {
  const report = createReporter({
    request,
    begun,
    view,
    ending,
    nowMs: () => performance.now(),
    unixMs: () => Date.now(),
    stderr: request.quiet ? null : (text) => void process.stderr.write(text),
    statusFile: outputs.status,
  });
  const keeper =
    request.resumeFile === null
      ? null
      : createKeeper({
          file: request.resumeFile,
          begun,
          outputFile: request.output.file,
          sink: outputs.rows,
          progress: view.tasks,
          totals: view.totals,
        });
  const over = new AbortController();
  // Before the first packet: who resumes must know its keys.
  await endingOn(ending, async () => keeper?.save());
  const reporting = setInterval(report, STATUS_EVERY_MS);
  const limit =
    request.maxRuntimeS === null ? undefined : setTimeout(() => ending.end("max-runtime"), request.maxRuntimeS * 1000);
  const keeping = endingOn(ending, async () => keeper?.keep(over.signal));
  await endingOn(ending, () => engines.run(ending.signal));
  clearInterval(reporting);
  clearTimeout(limit);
  over.abort();
  await keeping;
  report();
  await endingOn(ending, async () => (keeper === null ? outputs.rows.flush() : keeper.save()));
}

/** Does a part of the scan; what fails it ends the scan. */
async function endingOn(ending: Ending, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (error instanceof ReaderGone) ending.end("reader-gone");
    else ending.end("failed", error);
  }
}
