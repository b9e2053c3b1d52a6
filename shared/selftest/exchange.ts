import { addressFamily, sameAddress } from "../address/address.js";
import { DecodeError } from "../errors.js";
import { decodePacket } from "../packet/decode.js";
import { TCP_ACK, TCP_SYN } from "../packet/tcp.js";
import { createProbeFields, createProbeFieldValues, variantOfSourcePort } from "../probe/fields.js";
import { VARIANTS, type Variant } from "../probe/variant.js";

/**
 * The SYNs that two agents agreed on: probes of the synscan stage under `secret`, of all variants, from `sources` to
 * `ports` of the reference's addresses. Addresses have 16 bytes, the secret too.
 */
export interface SynExchange {
  readonly secret: Uint8Array;
  readonly ports: readonly number[];
  readonly sources: readonly Uint8Array[];
}

/** What an agent asks of its reference; `exchange` is its own number, not used before in the session. */
export interface ReferenceWish extends SynExchange {
  readonly exchange: number;
  readonly reference: string;
}

/** The same to the reference, told apart by the name of the exchange. */
export interface ListenOrder extends SynExchange {
  readonly exchange: string;
  readonly forMs: number;
}

/** The reference listens at these addresses; or it does not, and `problem` says why. */
export interface ReferenceAnswer {
  readonly exchange: number;
  readonly problem: string;
  readonly addresses: readonly Uint8Array[];
}

/** A SYN as it arrived, from its IP header on. */
export interface HeardSyn {
  readonly exchange: string;
  readonly packet: Uint8Array;
}

export type FromAgent =
  | { readonly kind: "wish"; readonly wish: ReferenceWish }
  | { readonly kind: "listening"; readonly exchange: string; readonly problem: string }
  | ({ readonly kind: "heard" } & HeardSyn);

/** Which of the agreed SYNs a packet is. */
export interface AgreedSyn {
  readonly variant: Variant;
  /** The address that it was sent to, whatever a translator made of it. */
  readonly address: Uint8Array;
  readonly port: number;
}

/**
 * Recognises the SYNs of an exchange, also changed ones: by the sequence number, whatever became of source address and
 * port; or by source address and port, where a firewall has changed the sequence number. `addresses` are the reference's.
 */
export function createSynMatcher(
  { secret, ports, sources }: SynExchange,
  addresses: readonly Uint8Array[],
): (packet: Uint8Array) => AgreedSyn | null {
  const fields = createProbeFields(secret);
  const values = createProbeFieldValues();
  return (bytes) => {
    const packet = decoded(bytes);
    if (packet?.kind !== "tcp" || (packet.tcp.flags & (TCP_SYN | TCP_ACK)) !== TCP_SYN) return null;
    const { ip, tcp } = packet;
    if (!ports.includes(tcp.destinationPort)) return null;
    const isFromSource = sources.some((source) => sameAddress(source, ip.source));
    for (const address of addresses) {
      if (addressFamily(address) !== ip.family) continue;
      for (const variant of VARIANTS) {
        fields.compute("synscan", variant, address, tcp.destinationPort, values);
        const isFlow = isFromSource && tcp.sourcePort === values.sourcePort;
        const isSequence =
          tcp.sequence === values.sequence && (variantOfSourcePort(tcp.sourcePort) ?? variant) === variant;
        if (isFlow || isSequence) return { variant, address, port: tcp.destinationPort };
      }
    }
    return null;
  };
}

function decoded(bytes: Uint8Array) {
  try {
    return decodePacket(bytes);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}
