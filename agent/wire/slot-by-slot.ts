import { lengthIn } from "../../shared/probe/packet-facts.js";
import type { SendPort } from "./port.js";

/** What a port does with a whole batch, where that is no faster than one slot after another. */
export function slotBySlot(
  port: Pick<SendPort, "words" | "slotAt" | "setLength">,
): Pick<SendPort, "slotsAt" | "setFacts"> {
  return {
    slotsAt(count, places) {
      const { byteOffset } = port.words;
      for (let i = 0; i < count; i++) places[i] = byteOffset + 4 * port.slotAt(i);
    },
    setFacts(count, facts) {
      for (let i = 0; i < count; i++) port.setLength(i, lengthIn(facts[i] as number));
    },
  };
}
