import type { Behaviour } from "../../shared/middlebox/behaviour.js";
import type { QuoteForm } from "../../shared/middlebox/router.js";
import type { PacketRule } from "../../shared/middlebox/rule.js";

/** Takes one from the TTL, and tells the source when none is left. */
export interface SimRouter {
  readonly kind: "router";
  /** 16 bytes: where its ICMP errors come from; null: it sends none. */
  readonly address: Uint8Array | null;
  readonly quotes: QuoteForm;
  /** Way from the element before, one direction, microseconds. */
  readonly delayUs: number;
}

export interface SimBox {
  readonly kind: "box";
  readonly rule: PacketRule;
  /** What the rule is made of. */
  readonly behaviours: readonly Behaviour[];
  /** Directions whose packets pass it: answers may come back another way. */
  readonly forth: boolean;
  readonly back: boolean;
}

/**
 * What a SYN to a port meets. `closed` and `unreachable`: nobody, and the host says so by RST or ICMP. `mptcp` is version
 * 1, as Linux has it since 5.6.
 */
export const SERVER_KINDS = ["silent", "closed", "unreachable", "tcp", "mptcp-v0", "mptcp"] as const;
export type ServerKind = (typeof SERVER_KINDS)[number];

export interface SimHost {
  /** The packets that it sends back. */
  answer(packet: Uint8Array): readonly Uint8Array[];
  /** What is behind a port of one of its addresses. */
  serverOn(address: Uint8Array, port: number): ServerKind;
  /** Who says that one of its addresses is unreachable: the host, or the router before nobody. */
  refuserOf(address: Uint8Array): Uint8Array;
  /** Way from the last router, one direction, microseconds. */
  readonly delayUs: number;
}

/** What lies between a vantage point and an address, in the order of the way there. */
export interface Path {
  readonly elements: readonly (SimRouter | SimBox)[];
  /** Null: nobody has the address. */
  readonly host: SimHost | null;
}
