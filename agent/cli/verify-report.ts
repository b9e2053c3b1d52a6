import { formatAddress } from "../../shared/address/address.js";
import type { HandshakeRow } from "../../shared/batch/rows.js";
import type { AfterHandshake, HandshakeVerdict, JoinVerdict } from "../../shared/verdict/names.js";
import { ANSWER_WORDS, type Paint } from "./trace-report.js";

const VERDICT_WORDS: Readonly<Record<HandshakeVerdict, string>> = {
  "dss-proved": "speaks MPTCP: it acknowledged our data by a number that follows from our key",
  "join-reset": "knows MPTCP: it refused an unknown token with MP_TCPRST, but no handshake proved it",
  "fell-back": "TCP: there was no sign of MPTCP behind the SYN exchange",
  unconfirmed: "nothing proved",
};

const JOIN_WORDS: Readonly<Record<JoinVerdict, string>> = {
  "join-accepted": "second subflow accepted, HMAC right",
  "join-blocked": "second subflow blocked: no right answer to MP_JOIN",
  "join-rejected": "second subflow rejected with RST",
};

const AFTER_WORDS: Readonly<Record<AfterHandshake, string>> = {
  "dss-stripped": "DSS was taken out on the way",
  "payload-altered": "data was changed on the way",
};

/** One handshake as lines for a person. */
export function formatHandshake(row: HandshakeRow, paint: Paint): string[] {
  const isProved = row.verdict === "dss-proved" || row.verdict === "join-reset";
  const lines = [
    paint.heading(`${formatAddress(row.target)} port ${row.port}, MPTCP ${row.variant}: ${row.verdict}`),
    `  ${(isProved ? paint.clean : paint.faint)(VERDICT_WORDS[row.verdict])}`,
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
