import { escapeHtml } from "./escape.js";
import { grouped, hundredths, percent } from "./numbers.js";

/** A cumulative distribution: at each value, ascending, the share of all that is at it or below. */
export interface Curve {
  readonly name: string;
  readonly hosts: number;
  readonly steps: readonly { readonly value: number; readonly share: number }[];
}

export interface DistributionPanel {
  readonly title: string;
  /** At most `CURVES`, in the order of the legend. */
  readonly curves: readonly Curve[];
}

/** Colour and dash of each curve: curves that fall together are still told apart, and without colours too. */
const STYLES = ["s0", "s1 dashed", "s4", "s5 dotted"] as const;

const PLOT = { top: 20, height: 160, width: 1_000 } as const;
const HEIGHT_PX = PLOT.top + PLOT.height + 22;
const LEVELS = [0, 0.25, 0.5, 0.75, 1] as const;
/** A panel is no narrower, and a character of a label no wider. */
const [PANEL_PX, CHARACTER_PX, LABEL_GAP_PX] = [300, 7.5, 6] as const;
/** Milliseconds that the axis has on either side of 0 at least. */
const LEAST_REACH = 10;

/**
 * Distributions of differences in milliseconds, a panel for each place, all with one axis: logarithmic on both sides of 0,
 * since most hosts differ by a few and some by thousands. Values are shares of the width and text is in pixels.
 */
export function distributionFigure(panels: readonly DistributionPanel[], { id }: { readonly id: string }): string {
  const values = panels.flatMap(({ curves }) => curves.flatMap(({ steps }) => steps.map(({ value }) => value)));
  const axis = axisOf(Math.min(...values), Math.max(...values));
  const names = panels.flatMap(({ curves }) => curves.map(({ name }) => name));
  const keys = [...new Set(names)].map(
    (name, i) =>
      `<li><svg class="swatch" width="30" height="10" aria-hidden="true"><path class="line ${STYLES[i]}" d="M0 5H30"/></svg>${escapeHtml(name)}</li>`,
  );
  const drawn = panels.map((panel, i) => panelOf(panel, axis, `${id}-${i}`));
  return (
    `<ul class="legend">${keys.join("")}</ul><div class="panels">${drawn.join("")}</div>` +
    `<p class="caption soft">Share of hosts whose page took at most so many milliseconds longer over MPTCP: left of 0 MPTCP was faster, right of it slower. The axis is logarithmic on both sides of 0.</p>`
  );
}

interface Axis {
  /** Place of a value, 0 to 1. */
  at(value: number): number;
  readonly ticks: readonly number[];
}

function axisOf(least: number, most: number): Axis {
  const low = -reachOf(-least);
  const high = reachOf(most);
  const [from, to] = [scaled(low), scaled(high)];
  const powers = (end: number) => Array.from({ length: Math.round(Math.log10(end)) }, (_, i) => 10 ** (i + 1));
  return {
    at: (value) => (scaled(value) - from) / (to - from),
    ticks: [
      ...powers(-low)
        .map((value) => -value)
        .reverse(),
      0,
      ...powers(high),
    ],
  };
}

/** The power of ten that an end of the axis is at. */
function reachOf(value: number): number {
  return 10 ** Math.ceil(Math.log10(Math.max(value, LEAST_REACH)));
}

function scaled(value: number): number {
  return Math.sign(value) * Math.log10(1 + Math.abs(value));
}

function panelOf({ title, curves }: DistributionPanel, axis: Axis, id: string): string {
  const bottom = PLOT.top + PLOT.height;
  const grid = LEVELS.map((level) => {
    const y = bottom - level * PLOT.height;
    const label = level * 2 === Math.round(level * 2) && level > 0;
    return (
      `<path class="axis" d="M0 ${y}H2000"/>` +
      (label ? `<text class="soft" x="0" y="${y - 4}">${100 * level} %</text>` : "")
    );
  });
  const named = namedTicks(axis);
  const ticks = axis.ticks.map((value) => {
    const x = `${hundredths(100 * axis.at(value))}%`;
    const line = `<line class="axis${value === 0 ? " zero" : ""}" x1="${x}" x2="${x}" y1="${PLOT.top}" y2="${bottom}"/>`;
    if (!named.has(value)) return line;
    const anchor = ANCHORS[axis.at(value)] ?? "middle";
    return `${line}<text class="soft" x="${x}" y="${bottom + 16}" text-anchor="${anchor}">${tickWords(value)}</text>`;
  });
  const paths = curves.map(({ steps }, i) => `<path class="line ${STYLES[i]}" d="${pathOf(steps, axis)}"/>`);
  const most = Math.max(...curves.map(({ hosts }) => hosts));
  return (
    `<div><p class="panel-title"><b>${escapeHtml(title)}</b> <span class="soft">${grouped(most)} host${most === 1 ? "" : "s"}</span></p>` +
    `<svg role="img" width="100%" height="${HEIGHT_PX}" aria-labelledby="${id}-title ${id}-words">` +
    `<title id="${id}-title">${escapeHtml(title)}: MPTCP minus TCP, milliseconds</title>` +
    `<desc id="${id}-words">${escapeHtml(curves.map(curveWords).join("; "))}</desc>${grid.join("")}${ticks.join("")}` +
    `<svg y="${PLOT.top}" width="100%" height="${PLOT.height}" viewBox="0 0 ${PLOT.width} ${PLOT.height}" preserveAspectRatio="none" overflow="visible">${paths.join("")}</svg></svg></div>`
  );
}

/** Labels at the ends of an axis stay within it. */
const ANCHORS: Readonly<Record<number, string>> = { 0: "start", 1: "end" };

/** Ticks whose labels have room on the narrowest panel: 0 and both ends before all others, then the smaller ones. */
function namedTicks({ ticks, at }: Axis): Set<number> {
  const [first = 0, last = 0] = [ticks[0], ticks.at(-1)];
  const others = ticks.filter((tick) => tick !== 0 && tick !== first && tick !== last);
  const taken: { readonly left: number; readonly right: number }[] = [];
  const wanted = [0, first, last, ...others.toSorted((a, b) => Math.abs(a) - Math.abs(b))];
  return new Set(
    wanted.filter((tick) => {
      const width = tickWords(tick).length * CHARACTER_PX;
      const place = at(tick);
      const left = place * PANEL_PX - width * (place === 0 ? 0 : place === 1 ? 1 : 0.5);
      const label = { left: left - LABEL_GAP_PX, right: left + width };
      const isFree = !taken.some((other) => label.left < other.right && other.left < label.right);
      if (isFree) taken.push(label);
      return isFree;
    }),
  );
}

function tickWords(value: number): string {
  const end = grouped(Math.abs(value));
  return value > 0 ? `+${end}` : value < 0 ? `−${end}` : "0 ms";
}

/** From nothing on the left to all on the right, a step at each value. */
function pathOf(steps: Curve["steps"], axis: Axis): string {
  const y = (share: number) => hundredths((1 - share) * PLOT.height);
  const drawn = steps.map(({ value, share }) => `H${hundredths(axis.at(value) * PLOT.width)}V${y(share)}`);
  return `M0 ${PLOT.height}${drawn.join("")}H${PLOT.width}`;
}

function curveWords({ name, hosts, steps }: Curve): string {
  const upTo = (share: number) => steps.find((step) => step.share >= share - 1e-9)?.value ?? 0;
  const notSlower = steps.findLast(({ value }) => value <= 0)?.share ?? 0;
  return (
    `${name}: ${grouped(hosts)} host${hosts === 1 ? "" : "s"}, ${percent(1 - notSlower)} slower over MPTCP, ` +
    `half of them at ${upTo(0.5)} ms or less, nine of ten at ${upTo(0.9)} ms or less`
  );
}
