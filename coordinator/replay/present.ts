import type { EvidenceTable } from "../../shared/batch/tables.js";

/**
 * The facts of a campaign with the verdicts that count now: a row's own, or what the campaign's last replay made of it.
 * Parameter: campaign String.
 */

const OF_CAMPAIGN = "campaign = {campaign:String}";
/** Canaries are no targets: what they said is compared when it is said, with what they should say. */
export const FACTS_OF_CAMPAIGN = `${OF_CAMPAIGN} AND NOT startsWith(source, 'canary/')`;
const OF_LAST_REPLAY = `${OF_CAMPAIGN} AND replay = (SELECT max(replay) FROM replays WHERE ${OF_CAMPAIGN})`;
const SYN_COLUMNS = "port, target, vantage, variant, verdict, received_at, batch, row";

/** The columns that rules decide. */
export const JUDGED_COLUMNS = {
  syn_replies: ["verdict"],
  trace_hops: ["verdict", "mptcp", "changes", "unobservable", "first_difference_bit"],
  handshakes: ["verdict", "after", "syn_verdict"],
} as const satisfies Record<EvidenceTable, readonly string[]>;

/**
 * What a view of a target needs of `syn_replies`. A row that was judged again is there twice, and the higher `replay`
 * counts: unlike a join this costs no memory, however many they are.
 */
export const PRESENT_SYN_REPLIES = `
  SELECT ${SYN_COLUMNS}, toUInt64(0) AS replay FROM syn_replies WHERE ${FACTS_OF_CAMPAIGN}
  UNION ALL
  SELECT ${SYN_COLUMNS}, replay FROM replayed_syn_replies WHERE ${OF_LAST_REPLAY}`;

/** All columns of `trace_hops`. */
export const PRESENT_HOPS = present("trace_hops");

/** All columns of `handshakes`. */
export const PRESENT_HANDSHAKES = present("handshakes");

/** All columns of a fact table as they were written; then what the last replay said of them, as `replayed_verdict`. */
export function withReplayed(table: EvidenceTable): string {
  const replayed = JUDGED_COLUMNS[table].map((column) => `again.${column} AS replayed_${column}`);
  return `
  SELECT fact.*, again.replay AS last_replay, ${replayed.join(", ")}
  FROM (SELECT * FROM ${table} FINAL WHERE ${FACTS_OF_CAMPAIGN}) AS fact
  LEFT ANY JOIN (SELECT * FROM replayed_${table} WHERE ${OF_LAST_REPLAY}) AS again
    ON again.batch = fact.batch AND again.row = fact.row`;
}

function present(table: EvidenceTable): string {
  const columns = JUDGED_COLUMNS[table].map(
    (column) => `if(again.replay > 0, again.${column}, fact.${column}) AS ${column}`,
  );
  return `
  SELECT fact.* REPLACE (${columns.join(", ")})
  FROM (SELECT * FROM ${table} WHERE ${FACTS_OF_CAMPAIGN}) AS fact
  LEFT ANY JOIN (SELECT * FROM replayed_${table} WHERE ${OF_LAST_REPLAY}) AS again
    ON again.batch = fact.batch AND again.row = fact.row`;
}
