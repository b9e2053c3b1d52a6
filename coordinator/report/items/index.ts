import type { ReportItem } from "../item.js";
import { AGREEMENT_ITEMS } from "./agreement.js";
import { BLACKHOLE_ITEMS } from "./blackholes.js";
import { COUNTRY_ITEMS } from "./countries.js";
import { COVERAGE_ITEM } from "./coverage.js";
import { DOSSIER_ITEM } from "./dossiers.js";
import { EXTRACT_ITEM } from "./extract.js";
import { GROWTH_ITEMS } from "./growth.js";
import { MIDDLEBOX_ITEMS } from "./middleboxes.js";
import { NETWORK_ITEMS } from "./networks.js";
import { OUTCOME_ITEMS } from "./outcomes.js";
import { PATH_ITEMS } from "./paths.js";
import { SCAN_ITEMS } from "./scans.js";
import { TIMING_ITEMS } from "./timing.js";

/** What a report has, in its order. */
export const REPORT_ITEMS: readonly ReportItem[] = [
  ...SCAN_ITEMS,
  ...GROWTH_ITEMS,
  ...NETWORK_ITEMS,
  ...OUTCOME_ITEMS,
  ...COUNTRY_ITEMS,
  ...MIDDLEBOX_ITEMS,
  DOSSIER_ITEM,
  ...PATH_ITEMS,
  ...Object.values(BLACKHOLE_ITEMS),
  ...AGREEMENT_ITEMS,
  ...TIMING_ITEMS,
  EXTRACT_ITEM,
  COVERAGE_ITEM,
];
