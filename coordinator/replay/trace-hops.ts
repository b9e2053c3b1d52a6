import { z } from "zod";
import { parseAddress } from "../../shared/address/address.js";
import { DecodeError } from "../../shared/errors.js";
import { TCP_ACK, TCP_RST, TCP_SYN } from "../../shared/packet/tcp.js";
import { type OptionProfile, profileFacts } from "../../shared/probe/profile.js";
import { VARIANTS } from "../../shared/probe/variant.js";
import { type HopFindings, hopFindings } from "../../shared/trace/hop-findings.js";
import { createSentProbes } from "../../shared/trace/sent-probe.js";
import { createAnswerJudge } from "./kept-answer.js";
import type { Findings, TableReplay } from "./table-replay.js";

const storedRow = z.object({
  batch: z.string(),
  row: z.number(),
  target: z.string(),
  port: z.number(),
  variant: z.enum(VARIANTS),
  ttl: z.number(),
  kind: z.enum(["time-exceeded", "unreachable", "synack", "rst"]),
  responder: z.string(),
  received_us: z.number(),
  rtt_us: z.number().nullable(),
  verdict: z.string(),
  mptcp: z.string(),
  changes: z.array(z.string()),
  unobservable: z.array(z.string()),
  first_difference_bit: z.number().nullable(),
  quote_hex: z.string(),
  options_hex: z.string(),
  sent_from: z.string(),
});
type StoredRow = z.output<typeof storedRow>;

const COLUMNS = [
  "batch, row, target, port, variant, ttl, kind, responder, toUnixTimestamp64Micro(received_at) AS received_us, rtt_us",
  "verdict, mptcp, changes, unobservable, first_difference_bit, hex(quote) AS quote_hex, hex(options) AS options_hex, sent_from",
].join(", ");

/** In `sent_from` of rows whose agent did not keep it. */
const UNKNOWN = "::";
const SOURCE_CHANGED = "ip.source.changed";
const NOTHING = new Uint8Array(0);

/** Hops of traces: quotes are compared with the probes, which follow from the campaign's secret. */
export function createTraceHopReplay(secret: Uint8Array, profile: OptionProfile): TableReplay {
  const judgeAnswer = createAnswerJudge(secret, "tracebox", profileFacts(profile));
  const probes = createSentProbes(secret, profile);

  function findings(row: StoredRow): Findings {
    const { kind, variant, ttl, received_us: receivedAtUs, rtt_us: rttUs } = row;
    const target = { address: parseAddress(row.target), port: row.port };
    const hop = { kind, target: target.address, responder: parseAddress(row.responder) };
    if (kind === "synack" || kind === "rst") {
      const flags = kind === "rst" ? TCP_RST | TCP_ACK : TCP_SYN | TCP_ACK;
      const synVerdict = judgeAnswer({ target, variant, flags, optionsHex: row.options_hex });
      return columnsOf(hopFindings({ ...hop, probe: NOTHING, quote: null, synVerdict }));
    }
    const quote = Buffer.from(row.quote_hex, "hex");
    const sentFrom = row.sent_from === UNKNOWN ? null : parseAddress(row.sent_from);
    const probe = probes.rebuild({ target, variant, ttl, quote, sentFrom, receivedAtUs, rttUs });
    const found = hopFindings({ ...hop, probe, quote, synVerdict: "unreachable" });
    return columnsOf(sentFrom === null ? withSourceAsSeen(found, row) : found);
  }

  return {
    table: "trace_hops",
    columns: COLUMNS,
    judge(value) {
      const row = storedRow.parse(value);
      const { batch, row: number, verdict, mptcp, changes, unobservable, first_difference_bit } = row;
      return {
        stored: { verdict, mptcp, changes, unobservable, first_difference_bit },
        present: unlessUndecodable(() => findings(row)),
        key: { batch, row: number },
      };
    },
  };
}

function columnsOf({ firstDifferenceBit, ...findings }: HopFindings): Findings {
  return { ...findings, first_difference_bit: firstDifferenceBit };
}

/** Whether the source was changed cannot be told again without it: what the agent saw of it stands. */
function withSourceAsSeen(found: HopFindings, { changes, first_difference_bit: seen }: StoredRow): HopFindings {
  if (!changes.includes(SOURCE_CHANGED)) return found;
  const { firstDifferenceBit: bit } = found;
  const earliest = bit === null || (seen !== null && seen < bit) ? seen : bit;
  return { ...found, changes: [...found.changes, SOURCE_CHANGED].sort(), firstDifferenceBit: earliest };
}

/** A quote that the present decoder cannot read has nothing to be judged by. */
function unlessUndecodable(judge: () => Findings): Findings | null {
  try {
    return judge();
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}
