import { UserError } from "../../shared/errors.js";
import { createExchangeCounts, readExchanges, requireProbes } from "../../shared/exchange/read-exchanges.js";
import type { SentSyn } from "../../shared/exchange/sent-syn.js";
import { readCaptureFile } from "../../shared/pcap/file.js";
import { VARIANTS } from "../../shared/probe/variant.js";
import { inAnyPrefix } from "../../shared/target/prefix-set.js";
import { createCapturedTraces } from "../tracebox/captured-traces.js";
import { rowToJson } from "./row-json.js";
import { parseChoices, parsePorts, parseTarget } from "./targets.js";
import { formatTrace, type Paint } from "./trace-report.js";

/** Which of a capture's traces to show; empty or undefined for all. */
export interface CaptureSelection {
  readonly targets: readonly string[];
  readonly port: string | undefined;
  readonly variant: string | undefined;
}

export interface CaptureOutput {
  readonly json: boolean;
  readonly paint: Paint;
  write(text: string): void;
  /** For what is no result. */
  remark(text: string): void;
}

/**
 * Reports the traces that a capture holds, whichever tool made them: of a file that is cut off those before its end.
 * @throws UserError when the file cannot be read, is no whole capture, or holds no trace
 */
export function traceCapture(file: string, selection: CaptureSelection, output: CaptureOutput): void {
  const isWanted = selector(selection);
  const counts = createExchangeCounts();
  const found = createCapturedTraces();
  let problem: unknown = null;
  try {
    for (const event of readExchanges(readCaptureFile(file), counts)) {
      if (!isWanted(event.syn)) continue;
      if (event.kind === "probe") found.sent(event.syn);
      else found.answered(event);
    }
  } catch (error) {
    problem = error;
  }
  const traces = found.traces();
  for (const { target, variant, hops } of traces) {
    if (output.json) for (const hop of hops) output.write(`${rowToJson(hop)}\n`);
    else {
      const report = { target: target.address, port: target.port, variant, hops };
      output.write(`${formatTrace(report, output.paint).join("\n")}\n\n`);
    }
  }
  if (problem !== null) throw problem;
  requireProbes(file, counts);
  if (traces.length === 0) {
    throw new UserError(`there is no trace in ${file} (${counts.probes} SYNs, each with one TTL or to other targets)`, {
      remedy: "see the verdicts of a scan with: parallax replay --from-pcap FILE",
    });
  }
  if (found.untraced > 0) output.remark(`${found.untraced} targets that were asked with one TTL only are left out\n`);
  if (counts.unpaired > 0) output.remark(`${counts.unpaired} answers belong to no SYN of the capture\n`);
}

function selector({ targets, port, variant }: CaptureSelection): (syn: SentSyn) => boolean {
  const isTarget = targets.length === 0 ? () => true : inAnyPrefix(targets.map(parseTarget));
  const ports = port === undefined ? null : parsePorts("--port", port);
  const variants = variant === undefined ? VARIANTS : parseChoices("--variant", variant, VARIANTS);
  return (syn) =>
    isTarget(syn.ip.destination) &&
    (ports === null || ports.includes(syn.destinationPort)) &&
    variants.includes(syn.variant);
}
