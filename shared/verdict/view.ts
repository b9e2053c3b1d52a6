import { VARIANTS, type Variant } from "../probe/variant.js";
import type { SynVerdict, ViewVerdict } from "./names.js";
import { decide, type Rule } from "./rules.js";

/** Holds when one of these variants was sent and got one of these verdicts. */
interface AnswerFact {
  readonly variants: readonly Variant[];
  readonly verdicts: readonly SynVerdict[];
}

const MPTCP: readonly Variant[] = ["v0", "v1"];
const ALL: readonly Variant[] = ["v0", "v1", "plain", "unknown-option"];
const STOPPED: readonly SynVerdict[] = ["no-reply", "rst", "unreachable"];

/** The facts that the table of view rules speaks of. */
const ANSWER_FACTS = {
  "v1 is claimed": { variants: MPTCP, verdicts: ["claims-v1"] },
  "v0 is claimed": { variants: MPTCP, verdicts: ["claims-v0"] },
  "the option is echoed": { variants: MPTCP, verdicts: ["echo"] },
  "the option is echoed, altered": { variants: MPTCP, verdicts: ["altered-echo"] },
  "an option is malformed": { variants: ALL, verdicts: ["malformed"] },
  "the control is answered": { variants: ["plain"], verdicts: ["plain"] },
  "the unknown option is stopped": { variants: ["unknown-option"], verdicts: STOPPED },
  "the MPTCP option is stopped": { variants: MPTCP, verdicts: STOPPED },
  "an answer is plain": { variants: ALL, verdicts: ["plain"] },
  "an answer is a RST": { variants: ALL, verdicts: ["rst"] },
  "an answer is unreachable": { variants: ALL, verdicts: ["unreachable"] },
} as const satisfies Readonly<Record<string, AnswerFact>>;
type AnswerFactName = keyof typeof ANSWER_FACTS;

/** What one vantage point says of one target, from the answers to the SYNs of all variants: the strongest thing wins. */
export const VIEW_RULES: readonly Rule<AnswerFactName, ViewVerdict>[] = [
  {
    name: "claims-v1",
    all: ["v1 is claimed"],
    result: "claims-v1",
    words: "an answer has an MP_CAPABLE of version 1 with a key of its own",
  },
  {
    name: "claims-v0",
    all: ["v0 is claimed"],
    result: "claims-v0",
    words: "an answer has an MP_CAPABLE of version 0 with a key of its own",
  },
  { name: "echo", all: ["the option is echoed"], result: "echo", words: "an answer repeats the probe's option" },
  {
    name: "altered-echo",
    all: ["the option is echoed, altered"],
    result: "altered-echo",
    words: "an answer repeats the probe's option, altered",
  },
  {
    name: "malformed",
    all: ["an option is malformed"],
    result: "malformed",
    words: "an answer has an MPTCP option of impossible form",
  },
  {
    name: "unknown-option-blocked",
    all: ["the control is answered", "the unknown option is stopped"],
    result: "blocked-on-unknown-option",
    words: "the port answers, but not to a SYN with an option that nobody knows",
  },
  {
    name: "mptcp-blocked",
    all: ["the control is answered", "the MPTCP option is stopped"],
    result: "blocked-on-mptcp",
    words: "the port answers, but not to a SYN with the MPTCP option",
  },
  { name: "plain", all: ["an answer is plain"], result: "plain", words: "the port answers without MPTCP" },
  { name: "rst", all: ["an answer is a RST"], result: "rst", words: "the port refuses" },
  {
    name: "unreachable",
    all: ["an answer is unreachable"],
    result: "unreachable",
    words: "somebody says that the port cannot be reached",
  },
  { name: "no-reply", all: [], result: "no-reply", words: "nothing came back" },
];

/**
 * The strongest thing that the answers to the SYNs of all four variants say together; the statement that fills
 * `target_views` is made of it. A variant that was not `asked` is not a blocked one.
 */
export function viewVerdict(
  answers: Readonly<Record<Variant, SynVerdict>>,
  asked: readonly Variant[] = VARIANTS,
): ViewVerdict {
  return decide(VIEW_RULES, (name) => {
    const { variants, verdicts }: AnswerFact = ANSWER_FACTS[name];
    return variants.filter((variant) => asked.includes(variant) && verdicts.includes(answers[variant]));
  }).result;
}
