import { DecodeError } from "../../../shared/errors.js";
import { diffQuote, type QuoteDiff } from "../../../shared/quote/diff.js";
import { compareOptions } from "../../../shared/quote/options.js";
import { type FuzzedDecoder, PACKET_BYTES } from "../decoder.js";
import { PROBES, SEGMENTS } from "../seeds.js";

/** A SYN with MP_CAPABLE of each version, one without, and one of each family. */
const sent = PROBES.filter((_, i) => i % 3 === 0);

export const QUOTE_DECODERS: readonly FuzzedDecoder[] = [
  {
    name: "quote",
    seeds: PROBES,
    maxBytes: PACKET_BYTES,
    refusal: DecodeError,
    decode: (quote) => consistent(diffQuote(probeFor(quote), quote)),
  },
  {
    name: "quoted-options",
    seeds: [...PROBES, ...SEGMENTS].map(tcpOf),
    maxBytes: PACKET_BYTES,
    refusal: null,
    decode: (quotedTcp) => compareOptions(tcpOf(probeFor(quotedTcp)), quotedTcp, [], []),
  },
];

/** Nothing is both changed and unobservable, and what is changed differs in a bit. */
function consistent({ changes, unobservable, firstDifferenceBit }: QuoteDiff): void {
  if (changes.length > 0 && firstDifferenceBit === null) throw new Error(`${changes[0]}, and no bit differs`);
  for (const field of unobservable) {
    if (changes.some((change) => change.startsWith(`${field}.`) && !field.startsWith("tcp.option"))) {
      throw new Error(`${field} is unobservable and changed`);
    }
  }
}

/** The same input is always held against the same probe. */
function probeFor(bytes: Uint8Array): Uint8Array {
  return sent[(bytes.length + (bytes[5] ?? 0)) % sent.length] ?? new Uint8Array(0);
}

function tcpOf(packet: Uint8Array): Uint8Array {
  return packet.subarray((packet[0] ?? 0) >>> 4 === 4 ? 20 : 40);
}
