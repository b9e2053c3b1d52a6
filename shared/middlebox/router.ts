import { z } from "zod";
import { addressFamily } from "../address/address.js";
import { encodeIcmpErrorPacket } from "../packet/encode.js";
import { ICMP_TIME_EXCEEDED, ICMPV6_TIME_EXCEEDED } from "../packet/icmp.js";
import { decodeIp } from "../packet/ip.js";
import { extensionStructure, interfaceSchema } from "./extensions.js";

/** How a router quotes a packet that dies there. */
export const quoteFormSchema = z
  .strictObject({
    /**
     * Bytes behind the quoted IPv4 header: 8 by RFC 792; as many as fit (RFC 1812) when left out. RFC 4443 leaves IPv6
     * routers no choice.
     */
    bytes: z.number().int().min(8).optional(),
    /** Zeros up to 128 bytes. */
    padded: z.boolean().default(false),
    /** The quoted IPv4 length in the wrong byte order. */
    swapsLength: z.boolean().default(false),
    /** The TTL in the quote; as it arrived when left out. */
    ttl: z.number().int().min(0).max(255).optional(),
    /** MPLS labels of the packet, told behind the quote (RFC 4884, RFC 4950). */
    mplsLabels: z.array(z.number().int().min(0).max(0xf_ffff)).readonly().default([]),
    /** The interface where the packet came in, told behind the quote (RFC 5837). */
    incoming: interfaceSchema.optional(),
    /** Extensions follow a quote of 128 bytes whose length is not told, as before RFC 4884. */
    omitsLength: z.boolean().default(false),
  })
  .readonly();
export type QuoteForm = z.output<typeof quoteFormSchema>;

export const FULL_QUOTE: QuoteForm = { padded: false, swapsLength: false, mplsLabels: [], omitsLength: false };

export interface IcmpMeaning {
  readonly type: number;
  readonly code: number;
}

export function timeExceeded(family: 4 | 6): IcmpMeaning {
  return { type: family === 4 ? ICMP_TIME_EXCEEDED : ICMPV6_TIME_EXCEEDED, code: 0 };
}

/** Destination unreachable (RFC 792, RFC 4443 section 3.1): the host, as a router says, or else the port. */
export function unreachable(family: 4 | 6, isHost: boolean): IcmpMeaning {
  return family === 4 ? { type: 3, code: isHost ? 1 : 3 } : { type: 1, code: isHost ? 3 : 4 };
}

/** Longest ICMP error: 576 bytes in IPv4 (RFC 1812 section 4.3.2.3), 1280 in IPv6 (RFC 4443 section 2.4). */
const LARGEST = { 4: 576 - 28, 6: 1280 - 48 } as const;
const PADDED_BYTES = 128;

/** The ICMP error about `packet` that a router with `address` (16 bytes) sends to the packet's source. */
export function icmpError(packet: Uint8Array, address: Uint8Array, meaning: IcmpMeaning, form: QuoteForm): Uint8Array {
  const ip = decodeIp(packet);
  const isWhole = form.bytes === undefined || ip.family === 6;
  const wanted = isWhole ? packet.length : ip.headerBytes + (form.bytes ?? 0);
  const quote = packet.slice(0, Math.min(wanted, LARGEST[addressFamily(address)]));
  if (form.ttl !== undefined) quote[ip.family === 4 ? 8 : 7] = form.ttl;
  if (form.swapsLength && ip.family === 4) quote.subarray(2, 4).reverse();
  const shown = form.padded && quote.length < PADDED_BYTES ? Buffer.concat([quote], PADDED_BYTES) : quote;
  const extensions = extensionStructure(form, address);
  return encodeIcmpErrorPacket(
    { source: address, destination: ip.source, dontFragment: false },
    { ...meaning, quote: shown, ...(extensions === null ? {} : { extensions, omitsLength: form.omitsLength }) },
  );
}
