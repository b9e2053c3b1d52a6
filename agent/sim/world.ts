import type { Variant } from "../../shared/probe/variant.js";
import type { SynVerdict, ViewVerdict } from "../../shared/verdict/names.js";
import type { Path } from "./path.js";

/** A simulated Internet. Paths may be asked for in any order and by any number of ports: the answers are the same. */
export interface SimWorld {
  /** Throws UserError when there is no such vantage point. */
  attach(vantage: string): SimAttachment;
  /** What a measurement from a vantage point must find, with probes of the `linux` profile. */
  truth(vantage: string, address: Uint8Array, port: number): SimTruth;
}

/** Where an agent is plugged in. */
export interface SimAttachment {
  /** 16 bytes, IPv4 mapped; null where the vantage point has none of the family. */
  readonly ipv4: Uint8Array | null;
  readonly ipv6: Uint8Array | null;
  pathTo(address: Uint8Array): Path;
}

export interface SimTruth {
  /** What the SYN of each variant gets back. */
  readonly answers: Readonly<Record<Variant, SynVerdict>>;
  /** What they say together, when all four are sent. */
  readonly view: ViewVerdict;
  readonly changes: readonly SimChange[];
}

/** A change on the way there, as quotes show it. */
export interface SimChange {
  /** Condition name, such as `tcp.option.mptcp.removed`. */
  readonly condition: string;
  /** Last router that quotes the field as sent; null: none does. */
  readonly after: string | null;
  /** First hop that shows the change. */
  readonly before: string;
}
