import { countPairs, type Grouping } from "../../blackhole/groups.js";
import { pairedDifference, wilson } from "../../blackhole/interval.js";
import {
  CAMPAIGN,
  type Column,
  code,
  count,
  FAMILY,
  number,
  PORT,
  type ReportItem,
  type Row,
  share,
  text,
} from "../item.js";

const COUNTS: readonly Column[] = [
  count("pairs", "Pairs"),
  count("blocked", "Only the control"),
  count("lost", "Only MP_CAPABLE"),
  count("refused", "Refused"),
  share("rate", "Blackhole rate"),
  share("rate_low", "from"),
  share("rate_high", "to"),
  share("raw", "Before correction"),
  share("raw_low", "from"),
  share("raw_high", "to"),
];

const ABOUT =
  "A SYN with MP_CAPABLE and its control, both to the same target from the same vantage point: how often the control alone " +
  "is answered. Packet loss takes either answer alike, so the rate is that share less the share of the reverse, with a " +
  "95 % interval for paired shares (Newcombe's square-and-add from Wilson's limits); before that correction the share " +
  "itself, with Wilson's interval. Pairs that were silent twice are not counted.";

const blackholes = (id: string, title: string, grouping: Grouping, of: readonly Column[]): ReportItem => ({
  id,
  title,
  about: ABOUT,
  columns: [CAMPAIGN, ...of, text("vantage", "Vantage point"), FAMILY, PORT, code("version", "Version"), ...COUNTS],
  over: "each",
  split: ["campaign"],
  top: { rows: 25 },
  sql: ({ lookups }) => countPairs(grouping, lookups),
  refine: withRates,
  absent: () => "the campaigns sent no controls, or nothing answered them",
});

/** Adds the rates and their limits to counted pairs. */
function withRates(row: Row): Row {
  const [both, blocked, lost] = [Number(row.both), Number(row.blocked), Number(row.lost)];
  const pairs = both + blocked + lost;
  const rate = pairedDifference({ both, onlyFirst: blocked, onlySecond: lost });
  const raw = wilson(blocked, pairs);
  return {
    ...row,
    pairs,
    ...{ rate: rate.value, rate_low: rate.low, rate_high: rate.high },
    ...{ raw: raw.value, raw_low: raw.low, raw_high: raw.high },
  };
}

/** How often a SYN with MP_CAPABLE is simply dropped. */
export const BLACKHOLE_ITEMS: Readonly<Record<Grouping, ReportItem>> = {
  vantage: blackholes("blackholes", "Blackholes, by vantage point", "vantage", []),
  network: blackholes("blackholes-by-network", "Blackholes, by network", "network", [
    number("asn", "ASN"),
    text("name", "Name"),
  ]),
  country: blackholes("blackholes-by-country", "Blackholes, by country", "country", [text("country", "Country")]),
};
