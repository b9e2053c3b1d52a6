import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { DecodeError } from "../../../shared/errors.js";
import { decodeIcmpError } from "../../../shared/packet/icmp.js";
import { diffQuote } from "../../../shared/quote/diff.js";

const hex = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits.replace(/\s/g, ""), "hex"));

/** A SYN of Linux to 203.0.113.9:443: mss 1460, sackOK, TS, nop, wscale 10, mptcp 4 capable v1 csum. 20 + 44 bytes. */
const SYN = hex(`
  45000040604240004006d858c6120001cb007109
  e9b001bb679c698100000000b002faf002500000
  020405b4 0402 080a2350801f00000000 01 03030a 1e040181`);
const SYN_V6 = hex(`
  600162c5002c064020010db800000000000000000000000120010db8000100000000000000000009
  d2d401bb99ae232400000000b002fd205baf0000
  020405a0 0402 080a305e4c7b00000000 01 03030a 1e040181`);
const MPTCP_AT = 60;
const NOTHING_FOUND = { mptcp: "unmodified", changes: [], unobservable: [], firstDifferenceBit: null };

/** A copy with bytes overwritten: offset and hexadecimal digits. */
function edited(packet: Uint8Array, ...edits: readonly (readonly [at: number, digits: string])[]): Uint8Array {
  const copy = packet.slice();
  for (const [at, digits] of edits) copy.set(hex(digits), at);
  return copy;
}

/** The IPv4 SYN with other options: lengths in both headers are right. */
function withOptions(digits: string): Uint8Array {
  const options = hex(digits);
  const bytes = Uint8Array.from([...SYN.subarray(0, 40), ...options]);
  bytes[3] = bytes.length;
  bytes[32] = (5 + options.length / 4) << 4;
  return bytes;
}

const ALL_OPTIONS = ["mptcp", "mss", "sackok", "ts", "ws"].map((name) => `tcp.option.${name}`);
const FIELDS_BEHIND_8_BYTES = ["tcp.ack", "tcp.flags", "tcp.reserved", "tcp.urgent", "tcp.window"];

describe("diffQuote of a whole quote", () => {
  test.each([
    ["IPv4", SYN],
    ["IPv6", SYN_V6],
  ])("finds nothing where only TTL and checksums differ: %s", (_name, sent) => {
    const quote =
      sent.length === 64 ? edited(sent, [8, "01"], [10, "beef"], [36, "cafe"]) : edited(sent, [7, "01"], [56, "cafe"]);
    expect(diffQuote(sent, quote)).toEqual(NOTHING_FOUND);
  });

  test.each<[string, Uint8Array, string, readonly string[]]>([
    ["MPTCP filled with NOPs", edited(SYN, [MPTCP_AT, "01010101"]), "stripped-nop", ["tcp.option.mptcp.nop"]],
    ["MPTCP filled with zeros", edited(SYN, [MPTCP_AT, "00000000"]), "stripped-nop", ["tcp.option.mptcp.nop"]],
    [
      "MPTCP's kind overwritten",
      edited(SYN, [MPTCP_AT, "fd"]),
      "stripped-nop",
      ["tcp.option.experimental.added", "tcp.option.mptcp.nop"],
    ],
    [
      "MPTCP cut out, and the lengths set right",
      withOptions("020405b40402080a2350801f000000000103030a"),
      "stripped-removed",
      ["tcp.option.mptcp.removed"],
    ],
    ["MPTCP's flags changed", edited(SYN, [MPTCP_AT + 3, "01"]), "altered", ["tcp.option.mptcp.changed"]],
    ["the MSS clamped", edited(SYN, [42, "0550"]), "unmodified", ["tcp.option.mss.changed"]],
    ["window scale filled with NOPs", edited(SYN, [57, "010101"]), "unmodified", ["tcp.option.ws.nop"]],
    ["SACK filled with NOPs", edited(SYN, [44, "0101"]), "unmodified", ["tcp.option.sackok.nop"]],
    ["TSval rewritten", edited(SYN, [48, "00000001"]), "unmodified", ["tcp.option.ts.changed"]],
    [
      "options in another order",
      withOptions("1e040181020405b40402080a2350801f000000000103030a"),
      "unmodified",
      ["tcp.option.order.changed"],
    ],
    ["DSCP cleared or set", edited(SYN, [1, "b8"]), "unmodified", ["ip.dscp.changed"]],
    ["ECN marked", edited(SYN, [1, "03"]), "unmodified", ["ip.ecn.changed"]],
    ["the IPID", edited(SYN, [4, "0001"]), "unmodified", ["ip.id.changed"]],
    ["DF cleared", edited(SYN, [6, "0000"]), "unmodified", ["ip.df.cleared"]],
    ["the source address", edited(SYN, [12, "0a000001"]), "unmodified", ["ip.source.changed"]],
    ["the destination address", edited(SYN, [16, "0a000001"]), "unmodified", ["ip.destination.changed"]],
    ["the source port", edited(SYN, [20, "0400"]), "unmodified", ["tcp.port.source.changed"]],
    ["the destination port", edited(SYN, [22, "0050"]), "unmodified", ["tcp.port.destination.changed"]],
    ["the sequence number", edited(SYN, [24, "00000000"]), "unmodified", ["tcp.seq.changed"]],
    ["the acknowledgement number", edited(SYN, [28, "00000001"]), "unmodified", ["tcp.ack.changed"]],
    ["the reserved bits", edited(SYN, [32, "b4"]), "unmodified", ["tcp.reserved.changed"]],
    ["the flags", edited(SYN, [33, "c2"]), "unmodified", ["tcp.flags.changed"]],
    ["the window", edited(SYN, [34, "ffff"]), "unmodified", ["tcp.window.changed"]],
    ["the urgent pointer", edited(SYN, [38, "0001"]), "unmodified", ["tcp.urgent.changed"]],
  ])("names a change of %s", (_what, quote, mptcp, changes) => {
    expect(diffQuote(SYN, quote)).toMatchObject({ mptcp, changes, unobservable: [] });
  });

  test("names a length that no option explains", () => {
    expect(diffQuote(SYN, edited(SYN, [2, "0050"])).changes).toEqual(["ip.length.changed"]);
  });

  test("names the IPv6 flow label and traffic class", () => {
    expect(diffQuote(SYN_V6, edited(SYN_V6, [1, "0162c6"])).changes).toEqual(["ip.flowlabel.changed"]);
    expect(diffQuote(SYN_V6, edited(SYN_V6, [0, "6ba1"])).changes).toEqual(["ip.dscp.changed", "ip.ecn.changed"]);
  });

  test("tells an option that was added", () => {
    const control = withOptions("020405b40402080a2350801f000000000103030a");
    expect(diffQuote(control, SYN)).toMatchObject({
      mptcp: "added",
      changes: ["tcp.option.mptcp.added"],
      unobservable: [],
    });
  });

  test("of a probe without MPTCP is unmodified without MPTCP", () => {
    const control = withOptions("020405b40402080a2350801f000000000103030a");
    expect(diffQuote(control, control)).toEqual(NOTHING_FOUND);
  });
});

describe("diffQuote of a short quote", () => {
  test("of 8 bytes shows ports and sequence number: all else is unobservable, never unmodified", () => {
    expect(diffQuote(SYN, SYN.subarray(0, 28))).toEqual({
      mptcp: "unobservable",
      changes: [],
      unobservable: [...FIELDS_BEHIND_8_BYTES, ...ALL_OPTIONS, "tcp.option.order"].sort(),
      firstDifferenceBit: null,
    });
  });

  test("still names a change of what it shows", () => {
    const quote = edited(SYN, [1, "b8"], [24, "00000000"]).subarray(0, 28);
    expect(diffQuote(SYN, quote).changes).toEqual(["ip.dscp.changed", "tcp.seq.changed"]);
  });

  test("that ends within the MPTCP option leaves it unobservable, also where its first bytes differ", () => {
    for (const end of [MPTCP_AT, MPTCP_AT + 1, MPTCP_AT + 2, MPTCP_AT + 3]) {
      const unobservable = ["tcp.option.mptcp", "tcp.option.order"];
      const expected = { mptcp: "unobservable", changes: [], unobservable, firstDifferenceBit: null };
      expect(diffQuote(SYN, SYN.subarray(0, end))).toEqual(expected);
    }
  });

  test("that ends within the timestamps leaves those behind it unobservable, too", () => {
    const { mptcp, changes, unobservable } = diffQuote(SYN, SYN.subarray(0, 50));
    expect({ mptcp, changes }).toEqual({ mptcp: "unobservable", changes: [] });
    expect(unobservable).toEqual(["tcp.option.mptcp", "tcp.option.order", "tcp.option.ts", "tcp.option.ws"]);
  });

  test("of an IP header alone shows no port", () => {
    const { unobservable, mptcp } = diffQuote(SYN, SYN.subarray(0, 20));
    expect(mptcp).toBe("unobservable");
    expect(unobservable).toEqual(expect.arrayContaining(["tcp.port.source", "tcp.port.destination", "tcp.seq"]));
  });

  test("never calls a field changed that the same quote, whole, shows unchanged", () => {
    const edits = fc.array(fc.tuple(fc.integer({ min: 20, max: 63 }), fc.nat(255)), { maxLength: 3 });
    fc.assert(
      fc.property(edits, fc.integer({ min: 20, max: 64 }), (changes, cut) => {
        const quote = SYN.slice();
        for (const [at, value] of changes) if (at !== 32) quote[at] = value;
        const fieldsOf = (names: readonly string[]) => names.map((name) => name.slice(0, name.lastIndexOf(".")));
        const short = fieldsOf(diffQuote(SYN, quote.subarray(0, cut)).changes);
        // The order of the options can only be judged by those that both show. What happened to a field may be judged
        // differently: an option that was overwritten at its place may come again behind the cut.
        const whole = new Set([...fieldsOf(diffQuote(SYN, quote).changes), "tcp.option.order"]);
        expect(short.filter((name) => !whole.has(name))).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("diffQuote of what routers do to quotes", () => {
  test("takes padding to 128 bytes for no change (RFC 4884 section 4)", () => {
    const padded = Uint8Array.from([...SYN, ...new Array(64).fill(0)]);
    expect(diffQuote(SYN, padded)).toEqual(NOTHING_FOUND);
  });

  test("takes a length in the wrong byte order for no change", () => {
    expect(diffQuote(SYN, edited(SYN, [2, "4000"]))).toEqual(NOTHING_FOUND);
  });

  test.each([28, 32, 50, MPTCP_AT, MPTCP_AT + 3])("takes zeros behind a quote of %d bytes for padding", (end) => {
    const short = SYN.subarray(0, end);
    const padded = Uint8Array.from([...short, ...new Array(128 - end).fill(0)]);
    const { mptcp, changes, unobservable } = diffQuote(SYN, padded);
    expect({ mptcp, changes }).toEqual({ mptcp: "unobservable", changes: [] });
    expect(unobservable).toEqual(expect.arrayContaining([...diffQuote(SYN, short).unobservable]));
  });

  test("takes zeros at the end of a padded quote for the packet's own where the probe has them, too", () => {
    const probe = edited(SYN, [MPTCP_AT + 2, "0000"]);
    const padded = Uint8Array.from([...probe, ...new Array(64).fill(0)]);
    expect(diffQuote(probe, padded)).toEqual(NOTHING_FOUND);
  });

  test("still finds what was filled with NOPs in a padded quote", () => {
    const padded = Uint8Array.from([...edited(SYN, [MPTCP_AT, "01010101"]), ...new Array(64).fill(0)]);
    expect(diffQuote(SYN, padded).mptcp).toBe("stripped-nop");
  });

  test("sees the same quote whether the extensions behind it are whole or cut off", () => {
    const padded = [...SYN, ...new Array(64).fill(0)];
    const extensions = [0x20, 0, 0, 0, 0, 8, 1, 1, 0x5d, 0xc1, 1, 1];
    for (const end of [0, 3, 6, 12]) {
      const message = Uint8Array.from([11, 0, 0, 0, 0, 32, 0, 0, ...padded, ...extensions.slice(0, end)]);
      const quote = decodeIcmpError(message, 4)?.quote ?? new Uint8Array(0);
      expect(diffQuote(SYN, quote)).toEqual(NOTHING_FOUND);
    }
  });
});

test("diffQuote throws nothing but DecodeError, whatever the quote", () => {
  const edits = fc.array(fc.tuple(fc.nat(63), fc.nat(255)), { maxLength: 6 });
  const mutated = fc.tuple(edits, fc.nat(64)).map(([changes, cut]) => {
    const bytes = SYN.slice();
    for (const [at, value] of changes) bytes[at] = value;
    return bytes.subarray(0, cut);
  });
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 80 })), (quote) => {
      try {
        const { mptcp, unobservable } = diffQuote(SYN, quote);
        expect(mptcp === "unobservable").toBe(unobservable.includes("tcp.option.mptcp"));
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
      }
    }),
    { numRuns: 10_000 },
  );
});
