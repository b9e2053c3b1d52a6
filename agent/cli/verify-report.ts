import { formatAddress } from "../../shared/address/address.js";
import type { HandshakeRow } from "../../shared/batch/rows.js";
import { AFTER_WORDS, HANDSHAKE_WORDS, JOIN_WORDS } from "../../shared/verdict/words.js";
import { ANSWER_WORDS, type Paint } from "./trace-report.js";

/** One handshake as lines for a person. */
export function formatHandshake(row: HandshakeRow, paint: Paint): string[] {
  const isProved = row.verdict === "dss-proved" || row.verdict === "join-reset";
  const lines = [
    paint.heading(`${formatAddress(row.target)} port ${row.port}, MPTCP ${row.variant}: ${row.verdict}`),
    `  ${(isProved ? paint.clean : paint.faint)(HANDSHAKE_WORDS[row.verdict])}`,
    `  MP_CAPABLE: ${ANSWER_WORDS[row.synVerdict]}`,
  ];
  if (row.after !== "") lines.push(`  ${paint.changed(`${row.after}: ${AFTER_WORDS[row.after]}`)}`);
  if (row.joinProbe !== "") {
    const reason = row.joinProbeReason === null ? "" : `, reason ${row.joinProbeReason}`;
    lines.push(`  MP_JOIN with an unknown token: ${row.joinProbe}${reason}`);
  }
  if (row.join !== "") {
    const reason = row.joinReason === null ? "" : ` (reason ${row.joinReason})`;
    const removal = row.joinRemoval === "" ? "" : `, ${row.joinRemoval} after REMOVE_ADDR`;
    const words = `${row.join}: ${JOIN_WORDS[row.join]}${reason}${removal}`;
    lines.push(`  ${row.join === "join-accepted" ? paint.clean(words) : paint.changed(words)}`);
  }
  if (row.noJoin) lines.push("  flag C: no further subflows to this address");
  for (const address of row.addresses) lines.push(`  announces ${address}`);
  return lines;
}
