import { escapeHtml } from "./escape.js";
import { grouped, hundredths } from "./numbers.js";

/** What a map shows at one place: hosts, by a short name. */
export interface Spot {
  readonly label: string;
  readonly hosts: number;
  /** Degrees north and east. */
  readonly latitude: number;
  readonly longitude: number;
}

export interface MapOptions {
  /** What it shows, and the same in words. */
  readonly title: string;
  readonly words: string;
  /** Of its elements; no other part of the page begins with it. */
  readonly id: string;
  /** Outline of the land, in degrees east of -180 and south of 90; null where there is none. */
  readonly land: string | null;
  /** The first map of the page has the outline, and lends it to the others. */
  readonly isFirst: boolean;
}

const LAND_ID = "land";

/** Degrees north: above is the Arctic Ocean, below Antarctica, where nobody has hosts to speak of. */
const [TOP, BOTTOM] = [84, -58];
const LARGEST_PX = 18;
const SMALLEST_PX = 2.5;
/** Widths for which labels are chosen: a telephone of 360 pixels, and the figure at its widest. */
const NARROW_PX = 328;
const WIDE_PX = 720;
const LABEL_GAP_PX = 3;
const SIDES: readonly Side[] = ["right", "left"];
const TEXT_PX = { height: 13, character: 10 } as const;

/**
 * Circles on the land: the area of each is its hosts. Places are shares of the width and circles pixels, as text is, so that
 * both can be seen on a telephone. Degrees are the coordinates (plate carrée). Labels that another one or a circle would
 * cover are left out; some are only on wide screens.
 */
export function mapFigure(spots: readonly Spot[], { title, words, id, land, isFirst }: MapOptions): string {
  const most = Math.max(...spots.map(({ hosts }) => hosts));
  const circles = spots
    .toSorted((a, b) => b.hosts - a.hosts || (a.label < b.label ? -1 : 1))
    .map(({ label, hosts, latitude, longitude }) => ({
      label,
      words: `${label}: ${grouped(hosts)}`,
      x: hundredths((longitude + 180) / 3.6),
      y: hundredths((100 * (TOP - Math.min(TOP, Math.max(BOTTOM, latitude)))) / (TOP - BOTTOM)),
      radiusPx: hundredths(Math.max(SMALLEST_PX, LARGEST_PX * Math.sqrt(hosts / most))),
    }));
  const narrow = labelled(circles, NARROW_PX);
  const wide = labelled(circles, WIDE_PX);
  const drawn = circles.map(
    (circle) =>
      `<circle class="s0 spot" cx="${circle.x}%" cy="${circle.y}%" r="${circle.radiusPx}"><title>${escapeHtml(circle.words)}</title></circle>`,
  );
  const labels = circles.flatMap((circle) => {
    const [onNarrow, onWide] = [narrow.get(circle), wide.get(circle)];
    if (onNarrow === onWide) return labelOf(circle, onWide, "place");
    return [...labelOf(circle, onNarrow, "place narrow"), ...labelOf(circle, onWide, "place wide")];
  });
  const path = isFirst
    ? `<path id="${LAND_ID}" class="land" d="${escapeHtml(land ?? "")}"/>`
    : `<use href="#${LAND_ID}"/>`;
  const outline = `<svg viewBox="0 ${90 - TOP} 360 ${TOP - BOTTOM}" width="100%" height="100%" preserveAspectRatio="none">${path}</svg>`;
  return (
    `<svg class="map" role="img" width="100%" aria-labelledby="${id}-title ${id}-words">` +
    `<title id="${id}-title">${escapeHtml(title)}</title><desc id="${id}-words">${escapeHtml(words)}</desc>` +
    `${land === null ? "" : outline}${drawn.join("")}${labels.join("")}</svg>`
  );
}

/** On which side of its circle a label stands. */
type Side = "right" | "left";

/** None where there is no room on either side. */
function labelOf({ x, y, radiusPx, label }: Circle, side: Side | undefined, kind: string): string[] {
  if (side === undefined) return [];
  const away = radiusPx + LABEL_GAP_PX;
  const place = side === "right" ? `dx="${away}"` : `dx="${-away}" text-anchor="end"`;
  return [`<text class="${kind}" x="${x}%" y="${y}%" dy="4" ${place}>${escapeHtml(label)}</text>`];
}

interface Circle {
  readonly label: string;
  /** Percent of the map's width and height. */
  readonly x: number;
  readonly y: number;
  readonly radiusPx: number;
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Circles, the largest first, that get a label on a map of a width, and on which side. */
function labelled(circles: readonly Circle[], widthPx: number): Map<Circle, Side> {
  const heightPx = (widthPx * (TOP - BOTTOM)) / 360;
  const places = circles.map((circle) => ({ circle, x: (circle.x * widthPx) / 100, y: (circle.y * heightPx) / 100 }));
  const taken: Box[] = [];
  const chosen = new Map<Circle, Side>();
  for (const { circle, x, y } of places) {
    const half = TEXT_PX.height / 2;
    const length = circle.label.length * TEXT_PX.character;
    const away = circle.radiusPx + LABEL_GAP_PX;
    const boxOn = (side: Side): Box => {
      const left = side === "right" ? x + away : x - away - length;
      return { left, right: left + length, top: y - half, bottom: y + half };
    };
    const side = SIDES.find((one) => {
      const box = boxOn(one);
      const isOnMap = box.left >= 0 && box.right <= widthPx;
      return isOnMap && !taken.some((other) => meets(box, other)) && !places.some((other) => covers(other, box));
    });
    if (side === undefined) continue;
    taken.push(boxOn(side));
    chosen.set(circle, side);
  }
  return chosen;
}

function meets(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function covers({ circle: { radiusPx }, x, y }: { circle: Circle; x: number; y: number }, box: Box): boolean {
  const dx = x - Math.min(box.right, Math.max(box.left, x));
  const dy = y - Math.min(box.bottom, Math.max(box.top, y));
  return dx * dx + dy * dy < radiusPx * radiusPx;
}
