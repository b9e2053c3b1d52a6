import type { z } from "zod";
import { type Behaviour, behaviourSchema } from "../../../shared/middlebox/behaviour.js";
import type { ViewVerdict } from "../../../shared/verdict/names.js";
import type { Condition } from "../networks.js";

export const ZOO_SITES = ["near-source", "transit", "near-destination"] as const;
export type ZooSite = (typeof ZOO_SITES)[number];

/** One form of one of the 43 behaviours, and what SYNs and traces must find of it. */
export interface ZooEntry {
  /** Number of the behaviour, with a letter where it has several forms. */
  readonly id: string;
  /** What the box does, in words. */
  readonly name: string;
  /** What listens behind the box; a box that sends options back is told best before a server without MPTCP. */
  readonly server: "mptcp" | "tcp";
  readonly behaviours: readonly Behaviour[];
  /** It does nothing, or something else, where it does not see the answers too. */
  readonly needsBothWays?: true;
  readonly outcome: Outcome;
}

/**
 * What comes of the box for whoever looks through it, with the server's own nature known:
 *
 * - `hides`: the option does not reach the host, and quotes show where it goes;
 * - `blocks`: the SYN with the option does not reach the host, where its control does;
 * - `echoes`: the option comes back; no quote shows where it turns;
 * - `marks`: the host is seen as it is, and quotes show what the box changed;
 * - `silenced`: the option does not reach the host, and the router behind the box says nothing;
 * - `answers`: the answer is a plain one, and no quote shows why;
 * - `proxies`: the box answers in the host's name, and at some sites something gives it away; where it `hides`, it answers
 *   the SYN with the option;
 * - `unseen`: nothing differs from a path without the box.
 */
export type Outcome =
  | {
      readonly kind: "hides" | "marks";
      readonly conditions: Conditions;
      readonly conditions6?: Conditions;
      /** What shows at one site only, next to the rest. */
      readonly nearSource?: Conditions;
    }
  | { readonly kind: "proxies"; readonly sites: readonly ZooSite[]; readonly hides: boolean; readonly why: string }
  | { readonly kind: "blocks"; readonly view: ViewVerdict; readonly conditions: Conditions }
  | { readonly kind: "echoes"; readonly view: ViewVerdict }
  | { readonly kind: "answers" | "silenced" | "unseen"; readonly why: string };

type Conditions = readonly Condition[];

/** Behaviours as they are written down, with what is left out by default. */
export function box(...behaviours: readonly z.input<typeof behaviourSchema>[]): readonly Behaviour[] {
  return behaviours.map((behaviour) => behaviourSchema.parse(behaviour));
}

/** Changes that the router behind the box shows first. */
export function next(...conditions: readonly string[]): Conditions {
  return conditions.map((condition) => ({ condition, hops: 1 }));
}
