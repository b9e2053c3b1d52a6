import { z } from "zod";
import { formatAddress } from "../../shared/address/address.js";
import { RULE_VERSION } from "../../shared/verdict/rules.js";
import type { Doorstep, VantageRecord, VantageStore } from "../vantage/record.js";
import { ipv6Text } from "./address-text.js";
import type { Store } from "./store.js";
import { clickhouseTime } from "./time.js";

/** The self-tests' part of the database. */
export function createVantageStore(store: Store): VantageStore {
  return { saveVantages: (records) => store.insertRows("vantages", records.map(rowOf)) };
}

function rowOf({ report, ...about }: VantageRecord): Record<string, unknown> {
  const { clock, exit, fidelity } = report;
  return {
    ...about,
    tested_at: clickhouseTime(report.testedMs),
    problem: report.problem,
    driver: report.driver,
    driver_reason: report.driverReason,
    clock_offset_us: clock?.offsetUs ?? null,
    round_trip_us: clock?.roundTripUs ?? null,
    exit_target: exit === null ? null : ipv6Text(formatAddress(exit.target)),
    exit_hops: exit?.hops.map((hop) => (hop === null ? null : ipv6Text(formatAddress(hop)))) ?? [],
    spool_free_bytes: report.spoolFreeBytes,
    spool_max_bytes: report.spoolMaxBytes,
    reference: fidelity.reference,
    fidelity: fidelity.state,
    changes: fidelity.changes,
    fidelity_reason: fidelity.reason,
    sent: fidelity.syns.map(({ sent }) => hex(sent)),
    received: fidelity.syns.map(({ received }) => (received === null ? "" : hex(received))),
    rule_version: RULE_VERSION,
  };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const doorstepRow = z.object({
  vantage: z.string(),
  agent: z.string(),
  reference: z.string(),
  changes: z.array(z.string()),
  testedAtMs: z.number(),
});

/** The newest finding of each agent up to a time; one that found nothing out says nothing. */
const DOORSTEPS = `
  SELECT toString(vantage) AS vantage, toString(agent) AS agent,
    argMax(toString(reference), tested_at) AS reference,
    argMax(arrayFilter(change -> startsWith(change, 'tcp.option.'), arrayMap(change -> toString(change), changes)),
      tested_at) AS changes,
    toUnixTimestamp64Milli(max(tested_at)) AS testedAtMs
  FROM vantages FINAL
  WHERE vantage IN ({vantages:Array(String)}) AND fidelity != 'unknown' AND tested_at <= {until:DateTime64(3, 'UTC')}
  GROUP BY vantage, agent
  HAVING notEmpty(changes)
  ORDER BY vantage, agent`;

/** Agents of vantage points whose own doorstep changed options, as it was last known at a time (Unix milliseconds). */
export async function readDoorsteps(store: Store, vantages: readonly string[], untilMs: number): Promise<Doorstep[]> {
  const found: Doorstep[] = [];
  for await (const row of store.rows(DOORSTEPS, { vantages, until: clickhouseTime(untilMs) })) {
    found.push(doorstepRow.parse(row));
  }
  return found;
}
