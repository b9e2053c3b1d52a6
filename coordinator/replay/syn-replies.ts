import { z } from "zod";
import { parseAddress } from "../../shared/address/address.js";
import { type OptionProfile, profileFacts } from "../../shared/probe/profile.js";
import { VARIANTS } from "../../shared/probe/variant.js";
import { createAnswerJudge } from "./kept-answer.js";
import type { TableReplay } from "./table-replay.js";

const storedRow = z.object({
  batch: z.string(),
  row: z.number(),
  vantage: z.string(),
  target: z.string(),
  port: z.number(),
  variant: z.enum(VARIANTS),
  received_at: z.string(),
  verdict: z.string(),
  tcp_flags: z.number(),
  icmp_type: z.number(),
  options_hex: z.string(),
});

/** Answers to the SYN scan: the verdict follows from flags and option bytes, and from the key that the probe carried. */
export function createSynReplyReplay(secret: Uint8Array, profile: OptionProfile): TableReplay {
  const judgeAnswer = createAnswerJudge(secret, "synscan", profileFacts(profile));

  function verdictOf({ variant, tcp_flags, icmp_type, options_hex, ...asked }: z.output<typeof storedRow>): string {
    if (icmp_type !== 0) return "unreachable";
    const target = { address: parseAddress(asked.target), port: asked.port };
    return judgeAnswer({ target, variant, flags: tcp_flags, optionsHex: options_hex });
  }

  return {
    table: "syn_replies",
    columns:
      "batch, row, vantage, target, port, variant, received_at, verdict, tcp_flags, icmp_type, hex(options) AS options_hex",
    judge(value) {
      const row = storedRow.parse(value);
      const { batch, row: number, vantage, target, port, variant, received_at, verdict } = row;
      return {
        stored: { verdict },
        present: { verdict: verdictOf(row) },
        key: { batch, row: number, vantage, target, port, variant, received_at },
      };
    },
  };
}
