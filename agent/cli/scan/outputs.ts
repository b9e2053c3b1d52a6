import { createRowFormat, type RowFormat } from "../../../shared/zmap/format.js";
import { createLineSink, type LineSink, ReaderGone } from "../scan-output/sink.js";
import { openFileTarget, stdoutTarget } from "../scan-output/targets.js";
import type { BegunScan } from "./begin.js";
import type { Ending } from "./ending.js";
import type { ScanRequest } from "./request.js";

/** Where a scan writes while it runs. */
export interface Outputs {
  readonly format: RowFormat;
  readonly rows: LineSink;
  /** Rows that are in the file though the checkpoint does not count them. */
  readonly uncountedRows: number;
  /** Null: no file for the status was asked for. */
  readonly status: LineSink | null;
  close(): Promise<void>;
}

/** Text that may wait for the disk or a pipe's reader: with more of it nothing is sent. */
const MOST_WAITING_CHARACTERS = 8 << 20;

/**
 * Opens the files, goes on with those of an interrupted scan, and writes the header where there is none yet. A sink that
 * fails ends the scan. Rejects with UserError.
 */
export async function openOutputs(
  { output, statusFile }: Pick<ScanRequest, "output" | "statusFile">,
  { checkpoint }: Pick<BegunScan, "checkpoint">,
  ending: Ending,
): Promise<Outputs> {
  const keepBytes = checkpoint === null ? null : (checkpoint.outputBytes ?? 0);
  const target = output.file === null ? stdoutTarget() : await openFileTarget("--output-file", output.file, keepBytes);
  const status = statusFile === null ? null : await openFileTarget("--status-updates-file", statusFile, null);
  const rows = createLineSink(target, MOST_WAITING_CHARACTERS);
  const statusSink = status === null ? null : createLineSink(status, MOST_WAITING_CHARACTERS);
  void endWith(rows, ending);
  if (statusSink !== null) void endWith(statusSink, ending);
  const format = createRowFormat(output.format, output.fields, output.headerRow);
  // What an interrupted scan wrote to standard output had the header already.
  const isEmpty = target.startBytes === 0 && (checkpoint === null || output.file !== null);
  if (isEmpty && format.header !== "") rows.write(format.header);
  return {
    format,
    rows,
    uncountedRows: target.uncountedLines,
    status: statusSink,
    async close() {
      await rows.close();
      await statusSink?.close();
    },
  };
}

async function endWith(sink: LineSink, ending: Ending): Promise<void> {
  const error = await sink.failed;
  if (error instanceof ReaderGone) ending.end("reader-gone");
  else ending.end("failed", error);
}
