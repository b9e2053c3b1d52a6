import { z } from "zod";
import { parseAddress } from "../../shared/address/address.js";
import { DecodeError } from "../../shared/errors.js";
import { isName } from "../../shared/lease/protocol.js";
import { MOST_EXCHANGE_ADDRESSES } from "../../shared/selftest/self-test.js";

/** What an agent's own file says about its self-test. Addresses have 16 bytes. */
export interface SelfTestConfig {
  /** Where exit hops are looked for; null: nowhere. */
  readonly exitTarget: Uint8Array | null;
  /** Another agent, which tells how this one's SYNs arrive; `addresses` null: wherever it says it is. Null: nobody. */
  readonly reference: { readonly agent: string; readonly addresses: readonly Uint8Array[] | null } | null;
  /** Where others reach this agent as their reference; null: at the addresses of its interface. */
  readonly reachableAt: readonly Uint8Array[] | null;
}

export const NO_SELF_TEST_TARGETS: SelfTestConfig = { exitTarget: null, reference: null, reachableAt: null };

const address = z.string().transform((text, context): Uint8Array => {
  try {
    return parseAddress(text);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    context.addIssue({ code: "custom", message: `write ${text} as an IPv4 or IPv6 address` });
    return z.NEVER;
  }
});
const addresses = z.array(address).max(MOST_EXCHANGE_ADDRESSES, `name ${MOST_EXCHANGE_ADDRESSES} addresses at most`);
const agent = z.string().refine(isName, "give another agent's name");

/** The keys of the self-test, for the schema of a whole file. */
export const SELF_TEST_KEYS = {
  exitTarget: address.optional(),
  /** `ams-1` stands for `{ agent: ams-1 }`. */
  reference: z.preprocess(
    (value) => (typeof value === "string" ? { agent: value } : value),
    z.strictObject({ agent, addresses: addresses.min(1, "name one at least, or leave it out").optional() }).optional(),
  ),
  reachableAt: addresses.optional(),
};

const keys = z.object(SELF_TEST_KEYS);

/** From checked keys. */
export function selfTestOf({ exitTarget, reference, reachableAt }: z.output<typeof keys>): SelfTestConfig {
  return {
    exitTarget: exitTarget ?? null,
    reference: reference === undefined ? null : { agent: reference.agent, addresses: reference.addresses ?? null },
    reachableAt: reachableAt ?? null,
  };
}
