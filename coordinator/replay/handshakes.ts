import { z } from "zod";
import { parseAddress } from "../../shared/address/address.js";
import { TCP_ACK, TCP_RST, TCP_SYN } from "../../shared/packet/tcp.js";
import { factsOf, handshakeSynVerdict, judgeHandshake } from "../../shared/verdict/handshake.js";
import { SYN_VERDICTS, type SynVerdict } from "../../shared/verdict/names.js";
import { createAnswerJudge } from "./kept-answer.js";
import type { TableReplay } from "./table-replay.js";

const storedRow = z.object({
  batch: z.string(),
  row: z.number(),
  target: z.string(),
  port: z.number(),
  variant: z.enum(["v0", "v1"]),
  verdict: z.string(),
  after: z.string(),
  syn_verdict: z.enum(SYN_VERDICTS),
  join_probe: z.string(),
  options_hex: z.string(),
  segments: z.array(z.string()),
  facts: z.array(z.string()),
});
type StoredRow = z.output<typeof storedRow>;

const COLUMNS =
  "batch, row, target, port, variant, verdict, after, syn_verdict, join_probe, hex(options) AS options_hex, segments, facts";

/** Flags of the MP_CAPABLE that verify sends: A (checksums) and H. */
const VERIFY_FLAGS = 0x81;

/** Handshakes: the answer to the SYN is classified again; the verdict follows from it and from the facts about data. */
export function createHandshakeReplay(secret: Uint8Array): TableReplay {
  const judgeAnswer = createAnswerJudge(secret, "verify", { constantKey: null, mptcpFlags: VERIFY_FLAGS });

  function synVerdictOf({ variant, segments, options_hex: optionsHex, ...asked }: StoredRow): SynVerdict {
    const flags = answerFlags(segments);
    // Silence and ICMP leave no segment, and nothing that rules could see otherwise.
    if (flags === null) return asked.syn_verdict;
    return judgeAnswer({
      target: { address: parseAddress(asked.target), port: asked.port },
      variant,
      flags,
      optionsHex,
    });
  }

  return {
    table: "handshakes",
    columns: COLUMNS,
    judge(value) {
      const row = storedRow.parse(value);
      const { batch, row: number, variant, verdict, after, syn_verdict } = row;
      const facts = factsOf(row.facts);
      const found = synVerdictOf(row);
      const joinReset = row.join_probe === "mp-tcprst";
      const synVerdict = handshakeSynVerdict(variant, found);
      return {
        stored: { verdict, after, syn_verdict },
        present: facts === null ? null : { ...judgeHandshake({ ...facts, joinReset, synVerdict }), syn_verdict: found },
        key: { batch, row: number },
      };
    },
  };
}

/** Flags of the segment that answered the SYN with MP_CAPABLE: the first of its connection. Null where none did. */
function answerFlags(segments: readonly string[]): number | null {
  const [, names = ""] = segments.find((segment) => segment.startsWith("first "))?.split(" ") ?? [];
  if (names.includes("RST")) return TCP_RST | TCP_ACK;
  return names.includes("SYN") ? TCP_SYN | TCP_ACK : null;
}
