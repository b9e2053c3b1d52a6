import { createProbeFields, createProbeFieldValues, senderKey } from "../../shared/probe/fields.js";
import type { ProfileFacts } from "../../shared/probe/profile.js";
import type { Stage, Variant } from "../../shared/probe/variant.js";
import type { Target } from "../../shared/target/source.js";
import type { SynVerdict } from "../../shared/verdict/names.js";
import { classifySegment } from "../../shared/verdict/syn-reply.js";

/** What a row keeps of a segment that answered a SYN. */
export interface KeptAnswer {
  readonly target: Target;
  readonly variant: Variant;
  readonly flags: number;
  /** Option bytes in hexadecimal digits, as JSON cannot carry bytes. */
  readonly optionsHex: string;
}

/** Gives the verdict on answers to a campaign's SYNs, whose keys follow from its secret. */
export function createAnswerJudge(
  secret: Uint8Array,
  stage: Stage,
  { constantKey, mptcpFlags }: Pick<ProfileFacts, "constantKey" | "mptcpFlags">,
): (answer: KeptAnswer) => SynVerdict {
  const fields = createProbeFields(secret);
  const values = createProbeFieldValues();
  return ({ target, variant, flags, optionsHex }) => {
    const sentKey = (): bigint => {
      if (constantKey !== null) return constantKey;
      fields.compute(stage, variant, target.address, target.port, values);
      return senderKey(values);
    };
    const bytes = Buffer.from(optionsHex, "hex");
    const segment = { flags, bytes, optionsAt: 0, optionsEnd: bytes.length };
    return classifySegment({ variant, sentKey, sentFlags: mptcpFlags }, segment).verdict;
  };
}
