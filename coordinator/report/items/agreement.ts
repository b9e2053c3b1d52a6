import { CAMPAIGN, code, count, PORT, type ReportItem, share, text } from "../item.js";

const ONE_VANTAGE = "no target was looked at from two vantage points";

export const AGREEMENT_ITEMS: readonly ReportItem[] = [
  {
    id: "hosts",
    title: "Hosts over all evidence",
    about:
      "What every vantage point's answers, handshakes and traces say of a target together, and whether the vantage points " +
      "see it alike.",
    columns: [
      CAMPAIGN,
      PORT,
      code("host", "Host"),
      code("placement", "Where the box is"),
      count("targets", "Targets"),
      share("share", "Share"),
    ],
    over: "each",
    split: ["campaign"],
    sql: () => `
      SELECT port, toString(host_verdict) AS host, toString(placement) AS placement, count() AS targets,
        targets / sum(targets) OVER (PARTITION BY port) AS share
      FROM target_classes FINAL WHERE campaign = {campaign:String}
      GROUP BY port, host, placement ORDER BY port, targets DESC, host, placement`,
    absent: () => "there is no comparison of these campaigns",
  },
  {
    id: "agreement",
    title: "Agreement between vantage points",
    about:
      "Targets that two vantage points both looked at, and how many of these they saw alike. Where a campaign asks each " +
      "target from one place, these are the ones that were checked again, which were chosen for being unusual.",
    columns: [
      CAMPAIGN,
      PORT,
      text("vantage", "Vantage point"),
      text("other", "and"),
      count("targets", "Targets"),
      count("alike", "Seen alike"),
      share("share", "Share"),
    ],
    over: "each",
    split: ["campaign"],
    sql: () => `
      SELECT port, pair.1.1 AS vantage, pair.2.1 AS other, count() AS targets, countIf(pair.1.2 = pair.2.2) AS alike,
        alike / targets AS share
      FROM (
        SELECT port, arraySort(groupArray((toString(vantage), toString(verdict)))) AS views,
          arrayJoin(arrayFilter(p -> p.1.1 < p.2.1,
            arrayFlatten(arrayMap(a -> arrayMap(b -> (a, b), views), views)))) AS pair
        FROM target_views FINAL WHERE campaign = {campaign:String}
        GROUP BY port, target HAVING length(views) > 1
      )
      GROUP BY port, vantage, other ORDER BY port, vantage, other`,
    absent: () => ONE_VANTAGE,
  },
];
