import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseAddress } from "../../../shared/address/address.js";
import { DecodeError } from "../../../shared/errors.js";
import { decodePacket } from "../../../shared/packet/decode.js";
import { encodeIcmpErrorPacket, encodeTcpPacket } from "../../../shared/packet/encode.js";
import { diffQuote, type QuoteDiff } from "../../../shared/quote/diff.js";

const MSS = [2, 4, 5, 180];
const SACK_PERMITTED = [4, 2];
const TIMESTAMPS = [8, 10, 0, 1, 2, 3, 0, 0, 0, 0];
const WINDOW_SCALE = [1, 3, 3, 7];
const CAPABLE_V0 = [30, 12, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8];
const CAPABLE_V1 = [30, 4, 1, 1];
const BEFORE_MPTCP = [...MSS, ...SACK_PERMITTED, ...TIMESTAMPS, ...WINDOW_SCALE];
const ADDRESSES = {
  4: { source: parseAddress("192.0.2.10"), destination: parseAddress("198.18.0.1") },
  6: { source: parseAddress("2001:db8::10"), destination: parseAddress("2001:2::1") },
} as const;
const TCP_FIELDS_BEHIND_8_BYTES = ["tcp.ack", "tcp.flags", "tcp.reserved", "tcp.urgent", "tcp.window"];
const OPTION_FIELDS = [
  "tcp.option.mptcp",
  "tcp.option.mss",
  "tcp.option.order",
  "tcp.option.sackok",
  "tcp.option.ts",
  "tcp.option.ws",
];

interface Changed {
  readonly family?: 4 | 6;
  readonly ip?: object;
  readonly tcp?: object;
  readonly payload?: readonly number[];
}

/** A SYN as it was sent, or as a box has left it. */
function syn(options: readonly number[], { family = 4, ip = {}, tcp = {}, payload = [] }: Changed = {}): Uint8Array {
  return encodeTcpPacket(
    { ...ADDRESSES[family], id: 0x1234, flowLabel: 0x54321, ...ip },
    {
      sourcePort: 61_000,
      destinationPort: 80,
      sequence: 0xdeadbe00,
      flags: 2,
      window: 64_240,
      options: Uint8Array.from(options),
      payload: Uint8Array.from(payload),
      ...tcp,
    },
  );
}

const sent = syn([...BEFORE_MPTCP, ...CAPABLE_V0]);

function paddedTo(bytes: number, quote: Uint8Array): Uint8Array {
  const padded = new Uint8Array(bytes);
  padded.set(quote);
  return padded;
}

const NOTHING_FOUND: QuoteDiff = { mptcp: "unmodified", changes: [], unobservable: [], firstDifferenceBit: null };

function expectNothingFound(diff: QuoteDiff): void {
  expect(diff).toEqual(NOTHING_FOUND);
}

describe("a quote of the whole probe", () => {
  test.each([4, 6] as const)("shows everything unmodified but TTL and checksums, IPv%i", (family) => {
    const probe = syn([...BEFORE_MPTCP, ...CAPABLE_V1], { family, ip: { ttl: 7 } });
    for (const ttl of [0, 1, 255]) {
      const quote = syn([...BEFORE_MPTCP, ...CAPABLE_V1], { family, ip: { ttl } });
      quote[(family === 4 ? 20 : 40) + 16] = 0x77; // TCP checksum
      if (family === 4) quote[10] = 0x55; // IP checksum
      expectNothingFound(diffQuote(probe, quote));
    }
  });

  test.each([
    ["padded to 128 bytes", paddedTo(128, sent)],
    ["with the length in the wrong byte order", swap(sent, 2)],
    ["with length, identification and fragment field in the wrong byte order", swap(sent, 2, 4, 6)],
    ["padded and with the length in the wrong byte order", paddedTo(128, swap(sent, 2))],
  ])("is the same %s", (_how, quote) => {
    expectNothingFound(diffQuote(sent, quote));
  });

  test("is the same when the key, or the header, ends with zeros and padding follows", () => {
    for (const zeros of [1, 4, 8]) {
      const probe = syn([...BEFORE_MPTCP, ...CAPABLE_V0.slice(0, 12 - zeros), ...new Array<number>(zeros).fill(0)]);
      expectNothingFound(diffQuote(probe, paddedTo(128, probe)));
    }
    const bare = syn([]);
    expectNothingFound(diffQuote(bare, paddedTo(128, bare)));
  });

  test.each([
    ["ip.dscp.changed", { ip: { dscp: 10 } }],
    ["ip.ecn.changed", { ip: { ecn: 1 } }],
    ["ip.id.changed", { ip: { id: 0x1235 } }],
    ["ip.df.cleared", { ip: { dontFragment: false } }],
    ["ip.source.changed", { ip: { source: parseAddress("203.0.113.9") } }],
    ["ip.destination.changed", { ip: { destination: parseAddress("203.0.113.9") } }],
    ["tcp.port.source.changed", { tcp: { sourcePort: 1024 } }],
    ["tcp.port.destination.changed", { tcp: { destinationPort: 8080 } }],
    ["tcp.seq.changed", { tcp: { sequence: 5 } }],
    ["tcp.ack.changed", { tcp: { acknowledgement: 5 } }],
    ["tcp.reserved.changed", { tcp: { reserved: 4 } }],
    ["tcp.flags.changed", { tcp: { flags: 0x42 } }],
    ["tcp.window.changed", { tcp: { window: 1000 } }],
    ["tcp.urgent.changed", { tcp: { urgent: 1 } }],
  ])("shows %s, and nothing else", (change, changed) => {
    const quote = syn([...BEFORE_MPTCP, ...CAPABLE_V0], changed);
    expect(diffQuote(sent, quote)).toMatchObject({ mptcp: "unmodified", changes: [change], unobservable: [] });
  });

  test("shows a flow label that was rewritten", () => {
    const [probe, quote] = [1, 2].map((flowLabel) => syn([...MSS, ...CAPABLE_V1], { family: 6, ip: { flowLabel } }));
    expect(diffQuote(probe ?? sent, quote ?? sent).changes).toEqual(["ip.flowlabel.changed"]);
  });

  test("shows that payload was changed or, where it is cut, that it cannot be seen", () => {
    const [probe, other] = [1, 2].map((last) => syn([...MSS, ...CAPABLE_V1], { payload: [9, 9, 9, last] }));
    if (probe === undefined || other === undefined) throw new Error("no probes");
    expect(diffQuote(probe, other).changes).toEqual(["tcp.payload.changed"]);
    expect(diffQuote(probe, probe.subarray(0, -1)).unobservable).toEqual(["tcp.payload"]);
  });
});

describe("the MPTCP option in a whole quote", () => {
  const nops = (count: number) => new Array<number>(count).fill(1);
  test.each([
    ["cut out", BEFORE_MPTCP, "stripped-removed", ["tcp.option.mptcp.removed"]],
    ["filled with NOPs", [...BEFORE_MPTCP, ...nops(12)], "stripped-nop", ["tcp.option.mptcp.nop"]],
    [
      "filled with zeros",
      [...BEFORE_MPTCP, ...new Array<number>(12).fill(0)],
      "stripped-nop",
      ["tcp.option.mptcp.nop"],
    ],
    ["with another key", [...BEFORE_MPTCP, ...CAPABLE_V0.with(11, 9)], "altered", ["tcp.option.mptcp.changed"]],
    ["with other flags", [...BEFORE_MPTCP, ...CAPABLE_V0.with(3, 0x81)], "altered", ["tcp.option.mptcp.changed"]],
    [
      "in its short form",
      [...BEFORE_MPTCP, ...CAPABLE_V0.slice(0, 4).with(1, 4)],
      "altered",
      ["tcp.option.mptcp.changed"],
    ],
    [
      "with a length that runs over the header's end",
      [...BEFORE_MPTCP, ...CAPABLE_V0.with(1, 40)],
      "altered",
      ["tcp.option.mptcp.changed"],
    ],
    ["twice", [...BEFORE_MPTCP, ...CAPABLE_V0, ...CAPABLE_V1], "added", ["tcp.option.mptcp.added"]],
    [
      "overwritten with another option",
      [...BEFORE_MPTCP, ...CAPABLE_V0.with(0, 99)],
      "stripped-nop",
      ["tcp.option.kind99.added", "tcp.option.mptcp.nop"],
    ],
    ["in front of the others", [...CAPABLE_V0, ...BEFORE_MPTCP], "unmodified", ["tcp.option.order.changed"]],
  ] as const)("is found %s", (_how, options, mptcp, changes) => {
    expect(diffQuote(sent, syn(options))).toMatchObject({ mptcp, changes, unobservable: [] });
    // Padding hides nothing, but what itself is zero.
    const isZeroFilled = options.at(-1) === 0;
    expect(diffQuote(sent, paddedTo(128, syn(options))).mptcp).toBe(isZeroFilled ? "unobservable" : mptcp);
  });

  test("is told apart from other options that were stripped in the other way", () => {
    const noMssNopMptcp = [...SACK_PERMITTED, ...TIMESTAMPS, ...WINDOW_SCALE, ...nops(12)];
    expect(diffQuote(sent, syn(noMssNopMptcp))).toEqual({
      mptcp: "stripped-nop",
      changes: ["tcp.option.mptcp.nop", "tcp.option.mss.removed"],
      unobservable: [],
      // 72 bytes became 68: the last byte of the total length.
      firstDifferenceBit: 28,
    });
    const nopTsNoMptcp = [...MSS, ...SACK_PERMITTED, ...nops(10), ...WINDOW_SCALE];
    expect(diffQuote(sent, syn(nopTsNoMptcp)).changes).toEqual(["tcp.option.mptcp.removed", "tcp.option.ts.nop"]);
  });

  test("is added where the probe had none", () => {
    const plain = syn(BEFORE_MPTCP);
    const diff = diffQuote(plain, syn([...BEFORE_MPTCP, ...CAPABLE_V1]));
    expect(diff).toMatchObject({ mptcp: "added", changes: ["tcp.option.mptcp.added"], unobservable: [] });
  });

  test("stays while other options are rewritten by a normaliser", () => {
    const clamped = [...MSS.with(3, 0), ...SACK_PERMITTED, ...TIMESTAMPS.with(5, 9), ...nops(4), ...CAPABLE_V0];
    expect(diffQuote(sent, syn(clamped))).toEqual({
      mptcp: "unmodified",
      changes: ["tcp.option.mss.changed", "tcp.option.ts.changed", "tcp.option.ws.nop"],
      unobservable: [],
      firstDifferenceBit: 8 * 43,
    });
  });
});

describe("a quote that ends early", () => {
  test.each([4, 6] as const)("of 8 bytes shows ports and sequence number and leaves the rest open, IPv%i", (family) => {
    const probe = syn([...BEFORE_MPTCP, ...CAPABLE_V0], { family });
    const short = probe.subarray(0, (family === 4 ? 20 : 40) + 8);
    const open = {
      mptcp: "unobservable",
      changes: [],
      unobservable: [...TCP_FIELDS_BEHIND_8_BYTES, ...OPTION_FIELDS].sort(),
      firstDifferenceBit: null,
    };
    expect(diffQuote(probe, short)).toEqual(open);
    // RFC 4884 section 3: what is followed by extensions is zero-padded to 128 bytes.
    expect(diffQuote(probe, paddedTo(128, short))).toEqual(open);
    expect(diffQuote(probe, paddedTo(128, short.subarray(0, -1)))).toEqual(open); // the sequence number ends with 0
  });

  test("of 8 bytes shows that the packet has become shorter", () => {
    const quote = syn(BEFORE_MPTCP).subarray(0, 28);
    expect(diffQuote(sent, quote)).toMatchObject({ mptcp: "unobservable", changes: ["ip.length.changed"] });
  });

  test("never calls a field changed or an option gone because of its end, or of padding behind it", () => {
    fc.assert(
      fc.property(
        fc.constantFrom<4 | 6>(4, 6),
        fc.constantFrom([...CAPABLE_V0], [...CAPABLE_V1], []),
        fc.integer({ min: 8, max: 72 }),
        fc.boolean(),
        (family, option, quotedBytes, isPadded) => {
          const probe = syn([...BEFORE_MPTCP, ...option], { family });
          const headerBytes = family === 4 ? 20 : 40;
          const short = probe.subarray(0, headerBytes + quotedBytes);
          const diff = diffQuote(probe, isPadded ? paddedTo(128, short) : short);
          const end = Math.min(probe.length - headerBytes, quotedBytes);
          expect(diff.changes).toEqual([]);
          expect(diff.firstDifferenceBit).toBeNull();
          const isWhole = end === probe.length - headerBytes;
          expect(diff.mptcp).toBe(isWhole ? "unmodified" : "unobservable");
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("of another protocol, or of a later fragment, shows nothing of the segment", () => {
    for (const [at, value] of [
      [9, 47],
      [7, 1],
    ] as const) {
      const quote = sent.with(at, value);
      const { mptcp, changes, unobservable } = diffQuote(sent, quote);
      expect(mptcp).toBe("unobservable");
      expect(changes.filter((change) => change.startsWith("tcp."))).toEqual([]);
      expect(unobservable).toEqual(expect.arrayContaining(["tcp.port.source", "tcp.seq", ...OPTION_FIELDS]));
    }
  });

  test("shows that an option is gone where a later one is there", () => {
    const cutOff = syn([...SACK_PERMITTED, ...TIMESTAMPS, ...WINDOW_SCALE, ...CAPABLE_V0]).subarray(0, -4);
    expect(diffQuote(sent, cutOff)).toEqual({
      mptcp: "unobservable",
      changes: ["tcp.option.mss.removed"],
      unobservable: ["tcp.option.mptcp", "tcp.option.order"],
      firstDifferenceBit: 28,
    });
  });
});

describe("quotes in ICMP messages with RFC 4884 extensions", () => {
  // An MPLS label (RFC 4950), and an interface with index, address, name and MTU (RFC 5837).
  const structures = [
    "2000c81900080101 05dc1101",
    "20006921001c020f 00000007 00010000c0000201 0865746830000000 000005dc",
  ];
  test.each(
    structures.flatMap((digits) =>
      ([4, 6] as const).flatMap((family) =>
        [true, false].map((omitsLength) => [digits, family, omitsLength ? "without" : "with", omitsLength] as const),
      ),
    ),
  )("show no change because of %s, IPv%i, %s the length field", (digits, family, _with, omitsLength) => {
    const extensions = Uint8Array.from(Buffer.from(digits.replaceAll(" ", ""), "hex"));
    const probe = syn([...BEFORE_MPTCP, ...CAPABLE_V1], { family });
    for (const bytes of [probe.length, (family === 4 ? 20 : 40) + 8]) {
      const quote = probe.subarray(0, bytes);
      const error = { type: family === 4 ? 11 : 3, code: 0, quote, extensions, omitsLength };
      const packet = decodePacket(encodeIcmpErrorPacket(ADDRESSES[family], error));
      if (packet.kind !== "icmp-error") throw new Error(`decoded as ${packet.kind}`);
      expect(packet.icmp.extensions).toEqual(extensions);
      expect(diffQuote(probe, packet.icmp.quote)).toEqual(diffQuote(probe, quote));
      expect(diffQuote(probe, packet.icmp.quote)).toMatchObject({ changes: [], firstDifferenceBit: null });
    }
  });
});

describe("bytes that are no quote", () => {
  test("give DecodeError and nothing else, and never take long", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 160 }),
          fc
            .tuple(fc.uint8Array({ minLength: 72, maxLength: 72 }), fc.array(fc.nat(159), { maxLength: 8 }))
            .map(([noise, places]) => {
              const mutated = paddedTo(160, sent);
              for (const at of places) mutated[at] = noise[at % 72] ?? 0;
              return mutated.subarray(0, 28 + ((noise[0] ?? 0) % 132));
            }),
        ),
        (quote) => {
          try {
            const { changes, unobservable } = diffQuote(sent, quote);
            expect([...changes].sort()).toEqual(changes);
            const fields = changes.map((change) => change.slice(0, change.lastIndexOf(".")));
            expect(
              unobservable.filter((field) => fields.includes(field) && !changes.includes(`${field}.added`)),
            ).toEqual([]);
          } catch (error) {
            if (!(error instanceof DecodeError)) throw error;
          }
        },
      ),
      { numRuns: 20_000 },
    );
  });
});

function swap(bytes: Uint8Array, ...places: number[]): Uint8Array {
  const swapped = bytes.slice();
  for (const at of places) {
    swapped[at] = bytes[at + 1] ?? 0;
    swapped[at + 1] = bytes[at] ?? 0;
  }
  return swapped;
}
