import { CAMPAIGN_PLACE, SCANNED, SCANNED_EVER } from "../hosts.js";
import { CAMPAIGN, count, FAMILY, PORT, type ReportItem, share, text } from "../item.js";

const CLASSES = [
  count("targets", "Targets"),
  count("mp_capable", "MP capable"),
  share("mp_capable_share", "of targets"),
  count("different_key", "Different key"),
  share("different_key_share", "of targets"),
];

const COUNTS = `count() AS targets, sum(mp_capable) AS mp_capable, mp_capable / targets AS mp_capable_share,
  sum(different_key) AS different_key, different_key / targets AS different_key_share`;

const ABOUT =
  "Targets that answered a SYN with SYN/ACK, those among them that sent MP_CAPABLE back, and those that did so with a " +
  "key of their own and not the prober's. From several vantage points a target counts once, with the strongest answer.";

const scans = (id: string, family: "IPv4" | "IPv6"): ReportItem => ({
  id,
  title: `Results of the SYN scans on ${family}`,
  about: ABOUT,
  columns: [CAMPAIGN, text("date", "Date"), PORT, ...CLASSES],
  over: "all",
  sql: () => `
    SELECT toString(campaign) AS campaign, {dates:Array(String)}[${CAMPAIGN_PLACE}] AS date, port, ${COUNTS}
    FROM (${SCANNED}) WHERE family = '${family}'
    GROUP BY campaign, port ORDER BY port, ${CAMPAIGN_PLACE}`,
  absent: () => `no target answered over ${family}`,
});

/** Tables 4.1, 4.4 and 4.7 of the thesis. */
export const SCAN_ITEMS: readonly ReportItem[] = [
  scans("table-4.1-scans-ipv4", "IPv4"),
  scans("table-4.4-scans-ipv6", "IPv6"),
  {
    id: "table-4.7-superset",
    title: "All scans together",
    about: "Each target of all these campaigns once, with the strongest answer that it ever gave.",
    columns: [FAMILY, PORT, ...CLASSES],
    over: "all",
    sql: () => `SELECT family, port, ${COUNTS} FROM (${SCANNED_EVER}) GROUP BY family, port ORDER BY family, port`,
    absent: () => "no target answered",
  },
];
