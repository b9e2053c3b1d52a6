import { optionsHex, optionsText } from "../../../shared/option/options-text.js";
import { decodeTcpOptions } from "../../../shared/option/tcp-options.js";
import { textAddress } from "../../compare/rows.js";
import { FACTS_OF_CAMPAIGN } from "../../replay/present.js";
import { CAMPAIGN, code, type ReportItem } from "../item.js";

const OF_EACH_KIND = 6;

/** Table 6.1 of the thesis. */
export const EXTRACT_ITEM: ReportItem = {
  id: "table-6.1-extract",
  title: "Rows of the scan, an extract",
  about:
    `Answers to SYNs with MP_CAPABLE as they are stored: ${OF_EACH_KIND} with the option and ${OF_EACH_KIND} without, ` +
    "drawn by a hash of their target, so that they are the same each time.",
  columns: [
    CAMPAIGN,
    code("saddr", "saddr"),
    { name: "sport", title: "sport", kind: "number" },
    code("verdict", "Verdict"),
    code("optionshex", "Options"),
    code("optiontext", "Options in words"),
    code("mptcpkey", "Key"),
  ],
  over: "each",
  split: ["campaign"],
  sql: () => `
    SELECT ${textAddress("responder")} AS saddr, port AS sport, toString(verdict) AS verdict, hex(options) AS bytes
    FROM syn_replies
    WHERE ${FACTS_OF_CAMPAIGN} AND variant IN ('v0', 'v1') AND bitAnd(tcp_flags, 18) = 18
    ORDER BY sipHash64(target, port, variant), target, port, variant, batch, row
    LIMIT ${OF_EACH_KIND} BY verdict = 'plain'`,
  refine: ({ campaign = null, saddr = null, sport = null, verdict = null, bytes }) => {
    const options = new Uint8Array(Buffer.from(String(bytes), "hex"));
    const decoded = decodeTcpOptions(options).options;
    const mptcp = decoded.find(({ kind, bytes: option }) => kind === 30 && option.length >= 12);
    return {
      ...{ campaign, saddr, sport, verdict },
      optionshex: optionsHex(options),
      optiontext: optionsText(decoded),
      mptcpkey: mptcp === undefined ? null : optionsHex(mptcp.bytes.subarray(4, 12)),
    };
  },
  absent: () => "no target answered with SYN/ACK",
};
