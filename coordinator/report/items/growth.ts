import { CAMPAIGN_PLACE, SCANNED, SCANNED_EVER } from "../hosts.js";
import { CAMPAIGN, count, FAMILY, PORT, type ReportItem, type Row, share, text } from "../item.js";
import { barFigure, legend, shareFigure } from "../render/bars.js";
import { grouped } from "../render/numbers.js";

const growth = (id: string, family: "IPv4" | "IPv6"): ReportItem => ({
  id,
  title: `Hosts with a different key, scan by scan, ${family}`,
  about:
    "Of the hosts that a scan found with a key of their own, those that an earlier scan of the same port had found, and " +
    "those that are new; and how many the scans have found together so far.",
  columns: [
    CAMPAIGN,
    text("date", "Date"),
    PORT,
    count("different_key", "Different key"),
    count("seen_before", "Seen before"),
    count("new_hosts", "New"),
    count("so_far", "Ever so far"),
  ],
  over: "all",
  sql: () => `
    SELECT toString(campaign) AS campaign, {dates:Array(String)}[${CAMPAIGN_PLACE}] AS date, port,
      count() AS different_key, countIf(place > first_place) AS seen_before, countIf(place = first_place) AS new_hosts,
      sum(new_hosts) OVER (PARTITION BY port ORDER BY ${CAMPAIGN_PLACE}) AS so_far
    FROM (
      SELECT campaign, port, ${CAMPAIGN_PLACE} AS place, min(place) OVER (PARTITION BY port, target) AS first_place
      FROM (${SCANNED}) WHERE different_key AND family = '${family}'
    )
    GROUP BY campaign, port ORDER BY port, ${CAMPAIGN_PLACE}`,
  figure: growthFigure,
  absent: () => `no host answered with a key of its own over ${family}`,
});

function growthFigure(rows: readonly Row[]): string {
  const most = Math.max(...rows.map(({ different_key }) => Number(different_key)));
  const bars = rows.map(({ campaign, port, different_key, seen_before, new_hosts }) => ({
    label: `${campaign}, port ${port}`,
    value: grouped(Number(different_key)),
    parts: [
      { count: Number(seen_before), series: 0, words: `${grouped(Number(seen_before))} seen before` },
      { count: Number(new_hosts), series: 1, words: `${grouped(Number(new_hosts))} new` },
    ],
  }));
  const title = bars.map(({ label, parts }) => `${label}: ${parts.map(({ words }) => words).join(", ")}`).join("; ");
  return legend(["seen in an earlier scan", "new"]) + barFigure(bars, most, title);
}

/** Figures 4.1, 4.2 and 4.3 of the thesis. */
export const GROWTH_ITEMS: readonly ReportItem[] = [
  growth("figure-4.1-growth-ipv4", "IPv4"),
  growth("figure-4.2-growth-ipv6", "IPv6"),
  {
    id: "figure-4.3-echoed-keys",
    title: "Share of echoed keys",
    about:
      "Of the hosts that answered with MP_CAPABLE in any of the scans, those that only ever sent the prober's own option " +
      "back, and those with a key of their own.",
    columns: [
      FAMILY,
      PORT,
      { name: "key", title: "Key", kind: "code" },
      count("hosts", "Hosts"),
      share("share", "Share"),
    ],
    over: "all",
    sql: () => `
      SELECT family, port, if(different_key, 'different', 'same') AS key, count() AS hosts,
        hosts / sum(hosts) OVER (PARTITION BY family, port) AS share
      FROM (${SCANNED_EVER}) WHERE mp_capable
      GROUP BY family, port, key ORDER BY family, port, key DESC`,
    figure: (rows) =>
      shareFigure(rows, {
        bar: ["family", "port"],
        part: "key",
        count: "hosts",
        parts: [
          { value: "same", words: "the prober's key" },
          { value: "different", words: "a different key" },
        ],
      }),
    absent: () => "no host answered with MP_CAPABLE",
  },
];
