const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** 1234567 as `1,234,567`. */
export function whole(value: number): string {
  return WHOLE.format(value);
}

/** 0.0312 as `3.1 %`; small parts are not rounded to nothing, and what is not all is not 100. */
export function percent(part: number): string {
  const value = part * 100;
  if (value > 0 && value < 0.1) return "< 0.1 %";
  if (value < 100 && value >= 99.95) return "> 99.9 %";
  return `${value.toFixed(value === 100 || value === 0 ? 0 : 1)} %`;
}

/** Bytes in steps of 1024, `1.5 MiB`. */
export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const step = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10));
  return `${(value / 1024 ** step).toFixed(step === 0 ? 0 : 1)} ${units[step]}`;
}

/** A length of time, in the two largest units that it has. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}

/** `2026-03-02 03:00` in UTC, as the command line has it. */
export function moment(unixMs: number): string {
  return new Date(unixMs).toISOString().slice(0, 16).replace("T", " ");
}

/** Microseconds as `3.4 ms`; a dash where there are none. */
export function millis(us: number | null): string {
  return us === null ? "–" : `${(us / 1000).toFixed(1)} ms`;
}

export function plural(count: number, word: string, words = `${word}s`): string {
  return `${whole(count)} ${count === 1 ? word : words}`;
}
