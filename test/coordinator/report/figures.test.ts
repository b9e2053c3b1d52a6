import { describe, expect, it } from "@jest/globals";
import { type Curve, distributionFigure } from "../../../coordinator/report/render/distribution.js";
import { type MapOptions, mapFigure, type Spot } from "../../../coordinator/report/render/map.js";

const LAND = "M0 90L10 90L10 100Z";
const options: MapOptions = { title: "capable <hosts>", words: "DE 400, NZ 100", id: "m", land: LAND, isFirst: true };

describe("a map", () => {
  const spots: Spot[] = [
    { label: "NZ", hosts: 100, latitude: -41, longitude: 174.6 },
    { label: "DE", hosts: 400, latitude: 50.5, longitude: 9 },
  ];
  const svg = mapFigure(spots, options);

  it("has a circle for each place, the largest first, whose area is its hosts", () => {
    const circles = [...svg.matchAll(/cx="([\d.]+)%" cy="([\d.]+)%" r="([\d.]+)"><title>([^<]*)</g)].map(
      ([, x, y, r, words]) => [Number(x), Number(y), Number(r), words],
    );
    // Degrees east of -180 of 360, and south of 84 of 142.
    expect(circles).toEqual([
      [52.5, 23.59, 18, "DE: 400"],
      [98.5, 88.03, 9, "NZ: 100"],
    ]);
  });

  it("says in words what it shows, and shows names as text", () => {
    expect(svg).toContain('role="img"');
    expect(svg).toContain('aria-labelledby="m-title m-words"');
    expect(svg).toContain('<title id="m-title">capable &lt;hosts&gt;</title><desc id="m-words">DE 400, NZ 100</desc>');
  });

  it("lends its outline of the land to the maps behind it, and does without where there is none", () => {
    expect(svg).toContain(`<path id="land" class="land" d="${LAND}"/>`);
    const second = mapFigure(spots, { ...options, isFirst: false });
    expect(second).toContain('<use href="#land"/>');
    expect(second).not.toContain(LAND);
    expect(mapFigure(spots, { ...options, land: null })).not.toContain("land");
  });

  it("has no label where it would leave the map, lie on a circle or on another label", () => {
    const crowd: Spot[] = Array.from({ length: 40 }, (_, i) => ({
      ...{ label: `C${i + 10}`, hosts: 1_000 - i, latitude: 45 + (i % 7), longitude: i % 11 },
    }));
    const labels = (some: readonly Spot[]) =>
      [...mapFigure(some, options).matchAll(/<text class="(place[^"]*)" [^>]*dx="(-?)[^>]*>([^<]*)/g)].map((found) =>
        found.slice(1),
      );
    expect(labels(spots)).toEqual([
      ["place", "", "DE"],
      ["place", "-", "NZ"],
    ]);
    expect(labels(crowd).length).toBeLessThan(10);
  });
});

describe("a distribution", () => {
  const curve = (name: string, ...steps: [value: number, share: number][]): Curve => ({
    ...{ name, hosts: 4, steps: steps.map(([value, share]) => ({ value, share })) },
  });
  const panels = [
    { title: "fra", curves: [curve("connect", [-9, 0.25], [0, 0.5], [99, 1])] },
    { title: "a & b", curves: [curve("connect", [0, 1]), curve("total", [5, 1])] },
  ];
  const html = distributionFigure(panels, { id: "d" });

  it("steps up by a value's share at its place on an axis that is logarithmic on both sides of 0", () => {
    // From -10 to 100: log10(11) + log10(101) = 3.0457 wide, 0 is at 1.0414 / 3.0457, 9 lies at log10(10) = 1, 99 at 2.
    const at = (value: number) =>
      Math.round(((Math.log10(11) + value) / (Math.log10(11) + Math.log10(101))) * 1e5) / 100;
    const [path] = [...html.matchAll(/<path class="line s0" d="(M0 160[^"]*)"/g)].map(([, d]) => d);
    expect(path).toBe(`M0 160H${at(-1)}V120H${at(0)}V80H${at(2)}V0H1000`);
  });

  it("has one axis for all panels, which ends at powers of ten", () => {
    const ticks = [...html.matchAll(/<text class="soft" x="[\d.]+%" [^>]*>([^<]*)</g)].map(([, words]) => words);
    expect(ticks).toEqual(["−10", "0 ms", "+10", "+100", "−10", "0 ms", "+10", "+100"]);
  });

  it("names each curve once, and says in words what a panel shows", () => {
    expect(html.match(/<li>/g)).toHaveLength(2);
    expect(html).toContain(
      "connect: 4 hosts, 50.0 % slower over MPTCP, half of them at 0 ms or less, nine of ten at 99 ms or less",
    );
    expect(html).toContain("<b>a &amp; b</b>");
  });
});
