import type { EngineProgress } from "../wire/engine.js";

/** One line: how far the scan is, how fast it goes, and how long it will take. */
export function scanSummary(progress: readonly EngineProgress[], targets: number, seconds: number): string {
  const sum = (part: (one: EngineProgress) => number): number => progress.reduce((all, one) => all + part(one), 0);
  const packets = sum((one) => one.packets);
  const done = sum((one) => one.done);
  const share = targets === 0 ? 100 : (100 * done) / targets;
  const late = sum((one) => one.late);
  const left = done === 0 || done >= targets ? "" : `, about ${duration((seconds * (targets - done)) / done)} left`;
  return [
    `${share.toFixed(1)} % of ${number(targets)} targets`,
    `${number(packets)} probes (${number(packets / Math.max(seconds, 0.001))}/s)`,
    `${number(sum((one) => one.replies))} replies${late === 0 ? "" : `, ${number(late)} too late`}${left}`,
  ].join(", ");
}

function number(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(Math.floor(whole / 3600))}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}
