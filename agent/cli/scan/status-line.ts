import type { ScanStatus } from "./status.js";

/** Seconds before which an estimate says nothing, as with ZMap. */
const WARM_UP_S = 5;

/** As ZMap prints it: time, share, time left; send, recv, hits, drops, hit rate. No newline. */
export function formatStatusLine(status: ScanStatus): string {
  const { sent, replies, successes, drops } = status;
  const left =
    status.elapsedS < WARM_UP_S || status.remainingS === null || status.percentComplete >= 100
      ? ""
      : ` (${formatEstimate(status.remainingS)} left)`;
  const now = status.sendingOver ? "done" : `${formatRate(sent.lastSecond)}p/s`;
  return [
    `${formatElapsed(status.elapsedS).padStart(5)} ${Math.floor(status.percentComplete)}%${left}`,
    `send: ${sent.total} ${now} (${formatRate(sent.average)}p/s avg)`,
    `recv: ${replies.total} ${formatRate(replies.lastSecond)}p/s (${formatRate(replies.average)}p/s avg)`,
    `hits: ${successes.total}`,
    drops === null
      ? "drops: unknown"
      : `drops: ${formatRate(drops.lastSecond)}p/s (${formatRate(drops.average)}p/s avg)`,
    `hitrate: ${status.hitRate.toFixed(2)}%`,
  ].join("; ");
}

/** Three figures and a unit: `7 `, `1.23 K`, `12.3 K`, `4.56 M`. */
function formatRate(value: number): string {
  if (value < 999.5) return `${Math.round(value)} `;
  const [scaled, unit] = value < 999_500 ? [value / 1e3, "K"] : [value / 1e6, "M"];
  return `${scaled.toFixed(scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0)} ${unit}`;
}

/** `0:07`, `1:02:03`, `2d1:02:03`. */
export function formatElapsed(seconds: number): string {
  const { days, hours, minutes, rest } = parts(Math.floor(seconds));
  const tail = `${two(minutes)}:${two(rest)}`;
  if (days > 0) return `${days}d${hours}:${tail}`;
  return hours > 0 ? `${hours}:${tail}` : `${minutes}:${two(rest)}`;
}

/** The two largest units, `47s`, `3m02s`, `1h05m`, `2d11h`; alone from ten on. */
export function formatEstimate(seconds: number): string {
  const { days, hours, minutes, rest } = parts(Math.ceil(seconds));
  if (days > 9) return `${days}d`;
  if (days > 0) return `${days}d${two(hours)}h`;
  if (hours > 9) return `${hours}h`;
  if (hours > 0) return `${hours}h${two(minutes)}m`;
  if (minutes > 9) return `${minutes}m`;
  return minutes > 0 ? `${minutes}m${two(rest)}s` : `${rest}s`;
}

function parts(seconds: number): { days: number; hours: number; minutes: number; rest: number } {
  return {
    days: Math.floor(seconds / 86_400),
    hours: Math.floor(seconds / 3600) % 24,
    minutes: Math.floor(seconds / 60) % 60,
    rest: seconds % 60,
  };
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
