import { lengthIn } from "../../shared/probe/packet-facts.js";
import type { SendPort } from "./port.js";

/** What a port does with a whole batch, where that is no faster than one slot after another. Slots are frames. */
export function slotBySlot(
  port: Pick<SendPort, "words" | "slots" | "slotAt" | "setLength">,
): Pick<SendPort, "places" | "firstFrame" | "setFacts"> {
  const { byteOffset } = port.words;
  return {
    places: Int32Array.from({ length: port.slots }, (_, i) => byteOffset + 4 * port.slotAt(i)),
    firstFrame: () => 0,
    setFacts(count, first, facts) {
      const mask = facts.length - 1;
      for (let i = 0; i < count; i++) port.setLength(i, lengthIn(facts[(first + i) & mask] as number));
    },
  };
}
