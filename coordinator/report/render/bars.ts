import type { Row } from "../item.js";
import { escapeHtml } from "./escape.js";
import { grouped, percent } from "./numbers.js";

/** One bar of a figure: its name, its parts in order, and what stands at its end. */
export interface Bar {
  readonly label: string;
  readonly parts: readonly { readonly count: number; readonly series: number; readonly words: string }[];
  readonly value: string;
}

const LABEL_PX = 18;
const BAR_PX = 18;
const GAP_PX = 12;

/**
 * Bars below each other, each with its label above. Positions are shares of the width and sizes pixels, so that text is as
 * large on a telephone as on a wide screen. The longest bar is `most`.
 */
export function barFigure(bars: readonly Bar[], most: number, title: string): string {
  const step = LABEL_PX + BAR_PX + GAP_PX;
  const drawn = bars.map(({ label, parts, value }, i) => {
    const top = i * step;
    let at = 0;
    const rects = parts.map(({ count, series, words }) => {
      const width = most === 0 ? 0 : (100 * count) / most;
      const rect = `<rect class="s${series}" x="${round(at)}%" y="${top + LABEL_PX}" width="${round(width)}%" height="${BAR_PX}"><title>${escapeHtml(words)}</title></rect>`;
      at += width;
      return rect;
    });
    return (
      `<text x="0" y="${top + 13}">${escapeHtml(label)}</text>` +
      `<text class="value" x="100%" y="${top + 13}" text-anchor="end">${escapeHtml(value)}</text>${rects.join("")}`
    );
  });
  return `<svg role="img" width="100%" height="${bars.length * step}" aria-label="${escapeHtml(title)}">${drawn.join("")}</svg>`;
}

/** What the colours of a figure stand for. */
export function legend(names: readonly string[]): string {
  const entries = names.map((name, i) => `<li><span class="s${i} key"></span>${escapeHtml(name)}</li>`);
  return `<ul class="legend">${entries.join("")}</ul>`;
}

interface ShareFigure {
  /** Columns that name a bar. */
  readonly bar: readonly string[];
  readonly part: string;
  readonly count: string;
  readonly parts: readonly { readonly value: string; readonly words: string }[];
}

/** Bars of the same length, parted by share: rows with the same values in the columns of `bar` make one. */
export function shareFigure(rows: readonly Row[], { bar, part, count, parts }: ShareFigure): string {
  const groups = groupRows(rows, bar);
  const bars = [...groups].map(([label, own]): Bar => {
    const sum = own.reduce((total, row) => total + Number(row[count]), 0);
    const found = parts.flatMap(({ value, words }, series) => {
      const amount = Number(own.find((row) => row[part] === value)?.[count] ?? 0);
      const share = amount / sum;
      return amount === 0 ? [] : [{ count: share, series, words: `${words}: ${grouped(amount)} (${percent(share)})` }];
    });
    return { label, parts: found, value: grouped(sum) };
  });
  const title = bars.map(({ label, parts: own }) => `${label}: ${own.map(({ words }) => words).join(", ")}`).join("; ");
  return legend(parts.map(({ words }) => words)) + barFigure(bars, 1, title);
}

/** Rows by their values in some columns, in the order in which they come. */
export function groupRows(rows: readonly Row[], by: readonly string[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = by.map((name) => groupWord(name, row[name] ?? null)).join(", ");
    const group = groups.get(key) ?? [];
    group.push(row);
    groups.set(key, group);
  }
  return groups;
}

function groupWord(name: string, value: string | number | null): string {
  return name === "port" ? `port ${value}` : String(value ?? "unknown");
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
