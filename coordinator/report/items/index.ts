import type { ReportItem } from "../item.js";
import { NETWORK_ITEMS } from "./networks.js";
import { OUTCOME_ITEMS } from "./outcomes.js";
import { SCAN_ITEMS } from "./scans.js";

/** What a report has, in its order. */
export const REPORT_ITEMS: readonly ReportItem[] = [...SCAN_ITEMS, ...NETWORK_ITEMS, ...OUTCOME_ITEMS];
