import { createAnswer } from "./answer.js";
import type { Behaviour } from "./behaviour.js";
import { createCopy, createSplit } from "./copy.js";
import { createEcho } from "./echo.js";
import { createSetField } from "./field.js";
import { createClampMss, createReorderOptions, createTruncateOptions } from "./options.js";
import { createRequote } from "./quotes.js";
import { createDrop, createReset } from "./refuse.js";
import type { BoxSite, PacketRule } from "./rule.js";
import { createShiftSequence } from "./sequence.js";
import { createStrip } from "./strip.js";
import { createTranslate } from "./translate.js";

/** The rule of a box with one or more behaviours: packets forth meet them in order, packets back the other way round. */
export function createRule(behaviours: readonly Behaviour[], site: BoxSite): PacketRule {
  const forth = behaviours.map((behaviour) => ruleOf(behaviour, site));
  const [first] = forth;
  if (first !== undefined && forth.length === 1) return first;
  const back = forth.toReversed();
  return (packet, direction, aside) => {
    let current: Uint8Array | null = packet;
    for (const rule of direction === "forth" ? forth : back) {
      if (current === null) return null;
      current = rule(current, direction, aside);
    }
    return current;
  };
}

function ruleOf(behaviour: Behaviour, site: BoxSite): PacketRule {
  switch (behaviour.kind) {
    case "strip":
      return createStrip(behaviour);
    case "drop":
      return createDrop(behaviour);
    case "reset":
      return createReset(behaviour);
    case "echo":
      return createEcho(behaviour);
    case "reorder-options":
      return createReorderOptions(behaviour);
    case "truncate-options":
      return createTruncateOptions(behaviour);
    case "clamp-mss":
      return createClampMss(behaviour);
    case "set":
      return createSetField(behaviour);
    case "shift-sequence":
      return createShiftSequence(behaviour);
    case "translate":
      return createTranslate(behaviour);
    case "answer":
      return createAnswer(behaviour);
    case "duplicate":
      return createCopy(behaviour);
    case "split":
      return createSplit(behaviour);
    case "requote":
      return createRequote(behaviour, site);
  }
}
