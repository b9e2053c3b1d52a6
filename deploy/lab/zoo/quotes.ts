import type { z } from "zod";
import type { quoteFormSchema } from "../../../shared/middlebox/router.js";
import { OPTION_MPTCP } from "../../../shared/option/tcp-options.js";
import { box, next, type Outcome, type ZooEntry } from "./entry.js";

type Form = z.input<typeof quoteFormSchema>;

/** Also where the quote ends before the option: the packet is shorter, and its control is not. */
const BEHIND: Outcome = { kind: "hides", conditions: next("tcp.option.mptcp.removed") };
const SILENCED: Outcome = {
  kind: "silenced",
  why: "what the silent router would show is told by the next one, if any",
};

/** The router behind a box that cuts option 30 out, in all the ways that routers quote. */
function quoted(id: string, name: string, form: Form, outcome = BEHIND, oneOf = 1): ZooEntry {
  return {
    id,
    name: `option 30 cut out, and the router behind ${name}`,
    server: "mptcp",
    behaviours: box({ kind: "strip", options: [OPTION_MPTCP], fill: "cut" }, { kind: "requote", form, oneOf }),
    needsBothWays: true,
    outcome,
  };
}

/** 43: how routers quote, and whether they do. */
export const QUOTE_ENTRIES: readonly ZooEntry[] = [
  quoted("43a", "quotes 8 bytes of the segment (RFC 792)", { bytes: 8 }),
  quoted("43b", "pads 8 quoted bytes to 128", { bytes: 8, padded: true }),
  quoted("43c", "pads whole quotes to 128 bytes", { padded: true }),
  quoted("43d", "quotes the length in the wrong byte order", { swapsLength: true }),
  quoted("43e", "quotes a TTL of 0", { ttl: 0 }),
  quoted("43f", "is silent, or so rate-limited that it seems to be", {}, SILENCED, 0),
];
