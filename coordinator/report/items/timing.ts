import { CAMPAIGN, count, decimal, type ReportItem, text } from "../item.js";

const timing = (id: string, title: string, about: string): ReportItem => ({
  id,
  title,
  about,
  columns: [
    CAMPAIGN,
    text("vantage", "Vantage point"),
    text("component", "Component"),
    decimal("difference_ms", "MPTCP minus TCP, ms"),
    count("hosts", "Hosts"),
  ],
  over: "each",
  sql: () => null,
  absent: () => "these campaigns had no stage that fetches pages over MPTCP and over TCP",
});

/** Figures 4.8 and 4.9 of the thesis. */
export const TIMING_ITEMS: readonly ReportItem[] = [
  timing(
    "figure-4.8-timing-capable",
    "Time of a page over MPTCP and over TCP: capable hosts",
    "Distribution of the difference in the times to connect, to the request, to the first byte and to the end.",
  ),
  timing(
    "figure-4.9-timing-middleboxes",
    "Time of a page over MPTCP and over TCP: hosts behind middleboxes",
    "The same for hosts on whose paths the option is changed.",
  ),
];
