import { formatAddress, parseAddress } from "../../shared/address/address.js";
import { parsePrefix, prefixContains } from "../../shared/address/prefix.js";
import { UserError } from "../../shared/errors.js";
import type { Variant } from "../../shared/probe/variant.js";
import { type Expectation, expectedVariants } from "./expectation.js";

/** Each agent asks all of them again and again: they are to be few. */
export const MOST_CANARIES = 64;

/** A target whose answer is known. Without `expect` it is what it said first. */
export interface Canary {
  /** Address in text. */
  readonly target: string;
  readonly port: number;
  readonly expect?: Expectation | undefined;
}

export interface CanaryRules {
  readonly canaries: readonly Canary[];
  /** Ports of the campaign. */
  readonly ports: readonly number[];
  /** Prefixes that the campaign leaves out (CIDR text). */
  readonly exclude: readonly string[];
  /** Variants that the SYN scan sends. */
  readonly variants: readonly Variant[];
}

/** Throws UserError (exit code 2) that begins with the path of what is wrong with the canaries in a campaign's file. */
export function checkCanaries({ canaries, ports, exclude, variants }: CanaryRules): void {
  const places = new Map<string, number>();
  for (const [i, { target, port, expect }] of canaries.entries()) {
    const key = `canaries[${i}]`;
    const address = parseAddress(target);
    if (!ports.includes(port)) {
      throw wrong(
        `${key}.port: ${port} is not one of ports (${ports.join(", ")})`,
        "add the port to ports or ask the canary on one of them",
      );
    }
    const excluded = exclude.find((text) => prefixContains(parsePrefix(text), address));
    if (excluded !== undefined) {
      throw wrong(`${key}.target: ${target} is in targets.exclude (${excluded})`, "choose another canary");
    }
    const place = `${formatAddress(address)} ${port}`;
    const twin = places.get(place);
    if (twin !== undefined) {
      throw wrong(`${key}: ${target} port ${port} is canaries[${twin}] already`, "remove one of the two");
    }
    places.set(place, i);
    const unsent = expectedVariants(expect ?? {}).find((variant) => !variants.includes(variant));
    if (unsent !== undefined) {
      throw wrong(
        `${key}.expect.${unsent}: the SYN scan does not send ${unsent}`,
        `remove it, or add it to stages.synscan (it sends ${variants.join(", ")})`,
      );
    }
  }
}

function wrong(message: string, remedy: string): UserError {
  return new UserError(message, { remedy, exitCode: 2 });
}
