import type { ScanStatus } from "./status.js";

/** Columns of ZMap's status updates file. */
export const STATUS_FILE_HEADER = `${[
  "real-time,time-elapsed,time-remaining,percent-complete,hit-rate,active-send-threads",
  "sent-total,sent-last-one-sec,sent-avg-per-sec",
  "recv-success-total,recv-success-last-one-sec,recv-success-avg-per-sec",
  "recv-total,recv-total-last-one-sec,recv-total-avg-per-sec",
  "pcap-drop-total,drop-last-one-sec,drop-avg-per-sec",
  "sendto-fail-total,sendto-fail-last-one-sec,sendto-fail-avg-per-sec",
].join(",")}\n`;

/** One line of it. The time is UTC; what is not known is empty. */
export function formatStatusFileLine(status: ScanStatus, unixMs: number): string {
  const realTime = new Date(unixMs).toISOString().slice(0, 19).replace("T", " ");
  const rates = [status.sent, status.successes, status.received, status.drops, status.sendErrors].map((one) =>
    one === null ? ",," : `${one.total},${one.lastSecond.toFixed(0)},${one.average.toFixed(0)}`,
  );
  const remaining = status.remainingS === null ? "" : Math.ceil(status.remainingS);
  const share = `${status.percentComplete.toFixed(6)},${status.hitRate.toFixed(6)}`;
  const head = `${realTime},${Math.floor(status.elapsedS)},${remaining},${share}`;
  return `${head},${status.sendingOver ? 0 : status.sendingThreads},${rates.join(",")}\n`;
}
