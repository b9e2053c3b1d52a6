import { timestampsOf } from "../option/tcp-options.js";
import { decodeIp, u8 } from "../packet/ip.js";
import { createProbeBuilder, PROBE_MAX_BYTES } from "../probe/build.js";
import { TTL_BITS } from "../probe/fields.js";
import { type OptionProfile, profileFacts } from "../probe/profile.js";
import type { Variant } from "../probe/variant.js";
import type { Target } from "../target/source.js";

/** A quoted probe, and what its row says of it. */
export interface QuotedProbe {
  readonly target: Target;
  readonly variant: Variant;
  readonly ttl: number;
  readonly quote: Uint8Array;
  /** Source address of the probe, 16 bytes; null where nobody kept it. */
  readonly sentFrom: Uint8Array | null;
  /** Unix microseconds. */
  readonly receivedAtUs: number;
  readonly rttUs: number | null;
}

/** Makes the probes of a campaign's traces once more, byte for byte but for the checksums. */
export interface SentProbes {
  /**
   * The probe that a quote shows, from its IP header on; valid until the next call. With a source address that is not
   * known it has that of the quote, so that a comparison with the quote says nothing of it. Throws DecodeError when the
   * quote is no IP packet.
   */
  rebuild(quoted: QuotedProbe): Uint8Array;
}

/** `secret` is the campaign's, `profile` that of its traces. */
export function createSentProbes(secret: Uint8Array, profile: OptionProfile): SentProbes {
  const anywhere = new Uint8Array(16);
  const builder = createProbeBuilder({ secret, stage: "tracebox", profile, source4: anywhere, source6: anywhere });
  const { carriesTime } = profileFacts(profile);
  const bytes = new Uint8Array(PROBE_MAX_BYTES);
  return {
    rebuild(quoted) {
      const { target, variant, ttl, quote, sentFrom } = quoted;
      const sentMs = carriesTime ? sentTimeMs(quoted) : 0;
      const probe = bytes.subarray(0, builder.build(target, variant, ttl, sentMs, bytes));
      const source = sentFrom ?? decodeIp(quote).source;
      if (u8(probe, 0) >>> 4 === 4) probe.set(source.subarray(12), 12);
      else probe.set(source, 8);
      return probe;
    },
  };
}

const TIME_MODULUS_MS = 2 ** (32 - TTL_BITS);

/**
 * When a probe was sent, to the millisecond that its TSval carries. The round-trip time tells it; the quote's TSval
 * decides only where rounding leaves two milliseconds to choose from, or where there is no round-trip time: a box may
 * have rewritten it.
 */
function sentTimeMs({ quote, receivedAtUs, rttUs }: QuotedProbe): number {
  const quoted = quotedTime(quote);
  if (rttUs === null) return quoted ?? Math.floor(receivedAtUs / 1000);
  const sentUs = receivedAtUs - rttUs;
  const [later, earlier] = [Math.floor(sentUs / 1000), Math.floor((sentUs - 1) / 1000)];
  return quoted === earlier % TIME_MODULUS_MS ? earlier : later;
}

/** The 26 bits of time in the quoted TSval; null where the quote does not show it. */
function quotedTime(quote: Uint8Array): number | null {
  const { headerBytes } = decodeIp(quote);
  const tcp = quote.subarray(headerBytes);
  const options = tcp.subarray(20, Math.max(20, (u8(tcp, 12) >>> 4) * 4));
  const value = timestampsOf(options)?.value;
  return value === undefined ? null : value >>> TTL_BITS;
}
