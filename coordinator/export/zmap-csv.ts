import { Readable } from "node:stream";
import { z } from "zod";
import { parseAddress } from "../../shared/address/address.js";
import type { SynReplyRow } from "../../shared/batch/rows.js";
import { VARIANTS } from "../../shared/probe/variant.js";
import { SYN_VERDICTS } from "../../shared/verdict/names.js";
import type { OutputField } from "../../shared/zmap/field.js";
import type { ReplyFilter } from "../../shared/zmap/filter.js";
import { createRowFormat } from "../../shared/zmap/format.js";
import { scannedReply } from "../../shared/zmap/reply.js";
import { FACTS_OF_CAMPAIGN } from "../replay/present.js";
import { type AskTables, blocksOf, EXPORT_SETTINGS, jsonRows } from "./tables.js";

/** Which rows of a campaign; all without a word about it. */
export interface ExportSelection {
  readonly campaign: string;
  readonly vantage: string | undefined;
  readonly port: number | undefined;
}

/** Parameters: vantage String, port UInt16; empty and 0 are all. */
export const IS_SELECTED =
  "({vantage:String} = '' OR vantage = {vantage:String}) AND ({port:UInt16} = 0 OR port = {port:UInt16})";

export function selectionParameters({ campaign, vantage = "", port = 0 }: ExportSelection) {
  return { campaign, vantage, port };
}

const hex = z.string().transform((digits) => new Uint8Array(Buffer.from(digits, "hex")));
const address = z.string().transform(parseAddress);
const count = z.number();

const storedReply = z
  .object({
    ...{ vantage: z.string(), agent: z.string(), source: z.string(), index: count, target: address, port: count },
    ...{ variant: z.enum(VARIANTS), verdict: z.enum(SYN_VERDICTS), receivedAtUs: count, rttUs: count.nullable() },
    ...{ responder: address, ttl: count, tcpFlags: count, window: count, options: hex, quote: hex },
    ...{ receiverKey: z.string().nullable(), icmpType: count, icmpCode: count },
  })
  .transform(({ vantage, agent, receiverKey, ...row }) => ({
    ...{ vantage, agent },
    row: {
      ...row,
      table: "syn_replies",
      receiverKey: receiverKey === null ? null : BigInt(receiverKey),
    } satisfies SynReplyRow,
  }));

/** Replies to the same probe follow each other, the first that came before the others. */
const REPLIES = `
  SELECT toString(t.vantage) AS vantage, toString(t.agent) AS agent, toString(t.source) AS source, t.index AS index,
    toString(t.target) AS target, t.port AS port, toString(t.variant) AS variant, toString(t.verdict) AS verdict,
    toUnixTimestamp64Micro(t.received_at) AS receivedAtUs, t.rtt_us AS rttUs, toString(t.responder) AS responder,
    t.ttl AS ttl, t.tcp_flags AS tcpFlags, t.window AS window, toString(t.receiver_key) AS receiverKey,
    hex(t.options) AS options, hex(t.quote) AS quote, t.icmp_type AS icmpType, t.icmp_code AS icmpCode
  FROM syn_replies AS t FINAL
  WHERE ${FACTS_OF_CAMPAIGN} AND ${IS_SELECTED}
  ORDER BY t.port, t.target, t.vantage, t.variant, t.received_at, t.batch, t.row`;

/**
 * The replies of a campaign as ZMap's CSV, by the fields of `parallax-agent scan -O csv`, behind which the vantage point
 * and the agent stand. Empty is what rows do not keep: our own address and port, sequence numbers, identification, and
 * whether a reply came in the cool-down.
 */
export async function zmapCsv(
  ask: AskTables,
  selection: ExportSelection,
  { fields, filter }: { readonly fields: readonly OutputField[]; readonly filter: ReplyFilter },
): Promise<Readable> {
  const result = await ask(REPLIES, "JSONEachRow", {
    parameters: selectionParameters(selection),
    settings: EXPORT_SETTINGS,
  });
  let origin = { vantage: "", agent: "" };
  const format = createRowFormat(
    "csv",
    [
      ...fields,
      { name: "vantage", type: "string", describe: "vantage point that asked", value: () => origin.vantage },
      { name: "agent", type: "string", describe: "machine that asked", value: () => origin.agent },
    ],
    true,
  );
  async function* lines(): AsyncGenerator<string> {
    yield format.header;
    let last = "";
    for await (const value of jsonRows(result)) {
      const { row, ...from } = storedReply.parse(value);
      const probe = `${row.port} ${row.target} ${from.vantage} ${row.variant}`;
      const reply = scannedReply(row, null, null, probe === last);
      last = probe;
      origin = from;
      if (filter(reply)) yield format.row(reply);
    }
  }
  return Readable.from(blocksOf(lines()), { objectMode: false });
}
