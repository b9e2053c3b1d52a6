import { CAMPAIGN, count, type ReportItem, type Row, share, text } from "../item.js";
import { CAPABLE, NOT_TRACED } from "../outcome.js";
import { barFigure, groupRows } from "../render/bars.js";
import { grouped, percent } from "../render/numbers.js";

const BARS = 10;

/** Table 6.2 and figure 4.6 of the thesis. */
export const COUNTRY_ITEMS: readonly ReportItem[] = [
  {
    id: "table-6.2-countries",
    title: "Countries of truly capable hosts",
    about:
      "Table 6.2 and figure 4.6: where the addresses of truly capable hosts are, by the geographic data; a host with " +
      "several ports counts once.",
    columns: [CAMPAIGN, text("country", "Country"), count("hosts", "Hosts"), share("share", "Share")],
    over: "each",
    split: ["campaign"],
    top: { rows: BARS, count: "hosts" },
    sql: ({ lookups }) => `
      SELECT if(code = '', 'unknown', code) AS country, count() AS hosts, hosts / sum(hosts) OVER () AS share
      FROM (SELECT ${lookups.country("target")} AS code FROM (SELECT DISTINCT target FROM (${CAPABLE})))
      GROUP BY country ORDER BY hosts DESC, country`,
    figure: countryFigure,
    absent: () => NOT_TRACED,
  },
];

function countryFigure(rows: readonly Row[]): string {
  const campaigns = groupRows(rows, ["campaign"]);
  const figures = [...campaigns].map(([campaign, own]) => {
    const bars = own.slice(0, BARS).map(({ country, hosts, share: part }) => ({
      label: campaigns.size === 1 ? String(country) : `${campaign}, ${country}`,
      value: `${grouped(Number(hosts))} (${percent(Number(part))})`,
      parts: [{ count: Number(hosts), series: 0, words: `${country}: ${grouped(Number(hosts))}` }],
    }));
    const most = Number(own[0]?.hosts ?? 0);
    return barFigure(bars, most, `${campaign}: ${bars.map(({ parts }) => parts[0]?.words).join(", ")}`);
  });
  return figures.join("");
}
