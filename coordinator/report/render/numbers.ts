import type { Cell, ColumnKind } from "../item.js";

/** 1234567 as 1,234,567, the same on every machine. */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A share as percent with three significant digits, and no more than three decimals: 5.66 %, 0.006 %. */
export function percent(value: number): string {
  const points = value * 100;
  const size = Math.abs(points);
  const decimals = size === 0 || size >= 99.95 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return `${points.toFixed(decimals)} %`;
}

/** To hundredths, which are finer than a drawing shows. */
export function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}

/** A cell as people read it; NULL is a dash. */
export function shown(value: Cell, kind: ColumnKind): string {
  if (value === null) return "–";
  if (typeof value === "string") return value;
  switch (kind) {
    case "count":
      return grouped(value);
    case "share":
      return percent(value);
    case "decimal":
      return value.toFixed(2);
    default:
      return String(value);
  }
}
