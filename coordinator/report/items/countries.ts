import { CAMPAIGN, count, type Drawing, decimal, type ReportItem, type Row, share, text } from "../item.js";
import { CAPABLE, NOT_TRACED } from "../outcome.js";
import { barFigure, groupRows } from "../render/bars.js";
import { escapeHtml } from "../render/escape.js";
import { type MapOptions, mapFigure, type Spot } from "../render/map.js";
import { grouped, percent } from "../render/numbers.js";

const BARS = 10;

/** Table 6.2 and figure 4.6 of the thesis. */
export const COUNTRY_ITEMS: readonly ReportItem[] = [
  {
    id: "table-6.2-countries",
    title: "Countries of truly capable hosts",
    about:
      "Table 6.2 and figure 4.6: where the addresses of truly capable hosts are, by the geographic data; a host with " +
      "several ports counts once. A country's coordinates are the medians of those of its hosts.",
    columns: [
      CAMPAIGN,
      text("country", "Country"),
      count("hosts", "Hosts"),
      share("share", "Share"),
      decimal("latitude", "Latitude"),
      decimal("longitude", "Longitude"),
    ],
    over: "each",
    split: ["campaign"],
    top: { rows: BARS, count: "hosts" },
    sql: ({ lookups }) => `
      SELECT if(code = '', 'unknown', code) AS country, count() AS hosts, hosts / sum(hosts) OVER () AS share,
        quantileExactLowOrNullIf(0.5)(spot.1, NOT isNaN(spot.1)) AS latitude,
        quantileExactLowOrNullIf(0.5)(spot.2, NOT isNaN(spot.2)) AS longitude
      FROM (
        SELECT ${lookups.country("target")} AS code, ${lookups.coordinates("target")} AS spot
        FROM (SELECT DISTINCT target FROM (${CAPABLE}))
      )
      GROUP BY country ORDER BY hosts DESC, country`,
    figure: countryFigure,
    absent: () => NOT_TRACED,
  },
];

function countryFigure(rows: readonly Row[], { land }: Drawing): string {
  const campaigns = groupRows(rows, ["campaign"]);
  const firstPlaced = [...campaigns.values()].findIndex((own) => own.some(({ latitude }) => latitude !== null));
  const figures = [...campaigns].map(([campaign, own], i) => {
    const bars = own.slice(0, BARS).map(({ country, hosts, share: part }) => ({
      label: campaigns.size === 1 ? String(country) : `${campaign}, ${country}`,
      value: `${grouped(Number(hosts))} (${percent(Number(part))})`,
      parts: [{ count: Number(hosts), series: 0, words: `${country}: ${grouped(Number(hosts))}` }],
    }));
    const most = Number(own[0]?.hosts ?? 0);
    const map = countryMap(campaign, own, { id: `countries-${i}`, isFirst: i === firstPlaced, land });
    return map + barFigure(bars, most, `${campaign}: ${bars.map(({ parts }) => parts[0]?.words).join(", ")}`);
  });
  return figures.join("");
}

/** Figure 4.6 of the thesis, without borders: whose they are and where, a map need not say. */
function countryMap(campaign: string, rows: readonly Row[], options: Omit<MapOptions, "title" | "words">): string {
  const spots = rows.flatMap(({ country, hosts, latitude, longitude }): Spot[] =>
    typeof latitude !== "number" || typeof longitude !== "number"
      ? []
      : [{ label: String(country), hosts: Number(hosts), latitude, longitude }],
  );
  const count = (some: readonly { readonly hosts?: unknown }[]) =>
    some.reduce((sum, { hosts }) => sum + Number(hosts), 0);
  const unplaced = count(rows) - count(spots);
  if (spots.length === 0)
    return `<p class="caption soft">No map: the imported data tell no coordinates of these hosts.</p>`;
  const [largest] = spots.toSorted((a, b) => b.hosts - a.hosts);
  const words = spots.map(({ label, hosts }) => `${label} ${grouped(hosts)}`).join(", ");
  return (
    mapFigure(spots, { ...options, title: `${campaign}: truly capable hosts by country`, words }) +
    `<p class="caption soft">The area of a circle is the number of hosts: ${escapeHtml(String(largest?.label))} has ${grouped(largest?.hosts ?? 0)}.` +
    `${unplaced === 0 ? "" : ` ${grouped(unplaced)} at places unknown.`}${options.land === null ? "" : " Land: Natural Earth."}</p>`
  );
}
