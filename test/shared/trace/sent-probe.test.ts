import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { parseAddress } from "../../../shared/address/address.js";
import { createProbeBuilder, PROBE_MAX_BYTES } from "../../../shared/probe/build.js";
import { OPTION_PROFILES, type OptionProfile } from "../../../shared/probe/profile.js";
import { VARIANTS } from "../../../shared/probe/variant.js";
import { diffQuote } from "../../../shared/quote/diff.js";
import { createSentProbes, type QuotedProbe } from "../../../shared/trace/sent-probe.js";

const SECRET = Uint8Array.from({ length: 16 }, (_, i) => i * 7);
const SOURCES = { 4: parseAddress("203.0.113.7"), 6: parseAddress("2001:2::7") } as const;
const TARGETS = { 4: parseAddress("198.18.0.1"), 6: parseAddress("2001:db8::1") } as const;
const UNCHANGED = { mptcp: "unmodified", changes: [], unobservable: [], firstDifferenceBit: null };
const SENT_AT_MS = 1_795_000_000_123;
/** Of TSval in the options of profile `linux`, behind an IPv4 header: MSS, SACK permitted, two bytes of the option. */
const TS_VALUE_AT = 20 + 20 + 4 + 2 + 2;

interface Sent {
  readonly family?: 4 | 6;
  readonly profile?: OptionProfile;
  readonly variant?: (typeof VARIANTS)[number];
  readonly ttl?: number;
  readonly sentAtMs?: number;
  readonly rttUs?: number;
}

/** A probe as the trace engine sends it, and as a router may quote it. */
function sent({ family = 4, profile = "linux", variant = "v1", ttl = 5, sentAtMs = SENT_AT_MS, rttUs = 1_234 }: Sent) {
  const builder = createProbeBuilder({
    secret: SECRET,
    stage: "tracebox",
    profile,
    source4: SOURCES[4],
    source6: SOURCES[6],
  });
  const bytes = new Uint8Array(PROBE_MAX_BYTES);
  const target = { address: TARGETS[family], port: 443 };
  const quote = bytes.slice(0, builder.build(target, variant, ttl, sentAtMs, bytes));
  quote[family === 4 ? 8 : 7] = 1;
  const receivedAtUs = Math.round(sentAtMs * 1000) + rttUs;
  const quoted = { target, variant, ttl, quote, sentFrom: SOURCES[family], receivedAtUs, rttUs };
  const compare = (change: Partial<QuotedProbe> = {}) => {
    const seen = { ...quoted, ...change };
    return diffQuote(createSentProbes(SECRET, profile).rebuild(seen), seen.quote);
  };
  return { quote, compare };
}

describe("a probe that is built once more", () => {
  it("is the one that was sent, of every profile, variant and family, at any time", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...OPTION_PROFILES),
        fc.constantFrom(...VARIANTS),
        fc.constantFrom(4 as const, 6 as const),
        fc.integer({ min: 1, max: 63 }),
        // Clocks with fractions of a millisecond lose them when a row keeps microseconds.
        fc.double({ min: 1.7e12, max: 1.9e12, noNaN: true }),
        fc.integer({ min: 0, max: 3_000_000 }),
        (profile, variant, family, ttl, sentAtMs, rttUs) => {
          expect(sent({ profile, variant, family, ttl, sentAtMs, rttUs }).compare()).toEqual(UNCHANGED);
        },
      ),
    );
  });

  it("shows that a box wrote another time into it", () => {
    const { quote, compare } = sent({});
    expect(compare()).toEqual(UNCHANGED);
    quote[TS_VALUE_AT + 1] = (quote[TS_VALUE_AT + 1] ?? 0) ^ 0x10;
    expect(compare().changes).toEqual(["tcp.option.ts.changed"]);
  });

  it("takes the time from the quote where no round-trip time was kept", () => {
    expect(sent({}).compare({ rttUs: null })).toEqual(UNCHANGED);
  });

  it("shows a source that was translated, where the source is known, and else says nothing of it", () => {
    for (const [family, at] of [
      [4, 12],
      [6, 8],
    ] as const) {
      const { quote, compare } = sent({ family });
      quote[at] = 10;
      expect(compare().changes).toEqual(["ip.source.changed"]);
      expect(compare({ sentFrom: null })).toEqual(UNCHANGED);
    }
  });

  it("leaves what a quote of eight bytes does not show unobservable", () => {
    const { quote, compare } = sent({});
    const { changes, unobservable } = compare({ quote: quote.subarray(0, 28) });
    expect(changes).toEqual([]);
    expect(unobservable).toContain("tcp.option.mptcp");
  });
});
