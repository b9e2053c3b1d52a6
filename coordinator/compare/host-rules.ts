import type { HostVerdict } from "../../shared/verdict/names.js";
import type { Rule } from "../../shared/verdict/rules.js";

/** What the rules on hosts ask of the evidence; `host-facts.ts` finds who bears witness. */
export type HostFact =
  | "a handshake proves it"
  | "a claim came over a clean path"
  | "every answer is an echo"
  | "every answer is an echo or a claim that falls back"
  | "a plain answer came over a clean path"
  | "the option is lost on the way"
  | "the change is near the host"
  | "somebody answered";

/** The thesis's classes, over all evidence from all vantage points. The first rule that holds decides. */
export const HOST_RULES: readonly Rule<HostFact, HostVerdict>[] = [
  {
    name: "proved",
    all: ["a handshake proves it"],
    result: "mptcp",
    words: "only who has the keys of a connection can answer its handshake like that",
  },
  {
    name: "genuine-answer",
    all: ["a claim came over a clean path"],
    result: "mptcp",
    words: "one genuine answer over a path that leaves the option alone is enough, whatever others see",
  },
  {
    name: "echoes-alone",
    all: ["every answer is an echo"],
    result: "echoing-middlebox",
    words: "nobody heard anything but the prober's own option",
  },
  {
    name: "plain-answer",
    all: ["a plain answer came over a clean path"],
    result: "not-capable",
    words: "the host was offered MPTCP, with nothing on the way that touched the SYN, and did not take it",
  },
  {
    name: "boxes-alone",
    all: ["every answer is an echo or a claim that falls back"],
    result: "middlebox-near-host",
    words: "a claim that no handshake bears out is a box's, and no other answer was heard",
  },
  {
    name: "kept-near-host",
    all: ["the option is lost on the way", "the change is near the host"],
    result: "middlebox-near-host",
    words: "what keeps the option from the host stands on every path to it",
  },
  {
    name: "kept-on-the-way",
    all: ["the option is lost on the way"],
    result: "not-reached",
    words: "no probe got to the host with its option, and no box close to it explains that",
  },
  {
    name: "answered",
    all: ["somebody answered"],
    result: "not-capable",
    words: "the host answers, and nothing in its answers is MPTCP",
  },
  { name: "silence", all: [], result: "not-reached", words: "nobody heard anything of the host" },
];
