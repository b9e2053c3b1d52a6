import { addressFamily } from "../../../shared/address/address.js";
import type { Behaviour } from "../networks.js";
import { createEcho } from "./echo.js";
import { removeOption } from "./remove-option.js";
import type { PacketRule } from "./rule.js";
import { shortenQuote } from "./short-quote.js";

/** The rule of a box. `routers` are the addresses of the router right behind it. */
export function createRule(behaviour: Behaviour, routers: readonly Uint8Array[]): PacketRule {
  switch (behaviour) {
    case "remove-option":
      return removeOption;
    case "echo-v0":
      return createEcho((option) => option.length === 12);
    case "echo-any":
      return createEcho(() => true);
    case "remove-option-and-short-quotes": {
      // Eight bytes are RFC 792's; RFC 4443 leaves IPv6 routers no such choice.
      const routers4 = routers.filter((router) => addressFamily(router) === 4);
      return (packet, direction) =>
        direction === "forth" ? removeOption(packet, direction) : shortenQuote(packet, routers4);
    }
  }
}
