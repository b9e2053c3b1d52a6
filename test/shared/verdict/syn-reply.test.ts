import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { ipv4FromNumber } from "../../../shared/address/address.js";
import type { Packet } from "../../../shared/packet/decode.js";
import { TCP_ACK, TCP_RST, TCP_SYN } from "../../../shared/packet/tcp.js";
import type { Variant } from "../../../shared/probe/variant.js";
import { SYN_VERDICTS } from "../../../shared/verdict/names.js";
import { classifySynReply } from "../../../shared/verdict/syn-reply.js";

const SENT_KEY = 0x1122334455667788n;
const SENT = "1122334455667788";
const OTHER = "f92913448261bac4";
const OTHER_KEY = 0xf92913448261bac4n;
const SYN_ACK = TCP_SYN | TCP_ACK;
/** MSS, SACK-permitted and timestamps: what stands before the MPTCP option. */
const BEFORE = "020405b40402080a0000000100000002";

const IP = {
  family: 4,
  source: ipv4FromNumber(0xc6120002),
  destination: ipv4FromNumber(0xc6120001),
  ttl: 64,
  protocol: 6,
  dscp: 0,
  ecn: 0,
  headerBytes: 20,
  totalBytes: 60,
  fragmentOffset: 0,
  id: 0,
  dontFragment: true,
  moreFragments: false,
} as const;

function segment(flags: number, optionBytes: Uint8Array): Packet {
  const tcp = {
    sourcePort: 80,
    destinationPort: 61000,
    sequence: 1,
    acknowledgement: 2,
    flags,
    reserved: 0,
    window: 65535,
    checksum: 0,
    urgent: 0,
    headerBytes: 20 + optionBytes.length,
    options: optionBytes,
    payload: new Uint8Array(0),
  };
  return { kind: "tcp", ip: IP, tcp };
}

const options = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits, "hex"));
const classify = (variant: Variant, digits: string, flags = SYN_ACK) =>
  classifySynReply({ variant, sentKey: () => SENT_KEY, sentFlags: 0x01 }, segment(flags, options(digits)));

describe("the answer to a version 0 SYN", () => {
  test.each([
    ["a key of the host's own", `1e0c0081${OTHER}`, "claims-v0", OTHER_KEY],
    ["the sender's key", `1e0c0001${SENT}`, "echo", null],
    ["the sender's key with other flags", `1e0c0081${SENT}`, "altered-echo", null],
    ["the sender's key with another version", `1e0c0101${SENT}`, "altered-echo", null],
    ["no key", "1e040001", "altered-echo", null],
    ["version 1, which no version 0 SYN asks for", `1e0c0101${OTHER}`, "malformed", null],
    ["both keys, which belong in the third packet", `1e140001${OTHER}${SENT}`, "malformed", null],
    ["MP_JOIN", `1e0c1001${OTHER}`, "malformed", null],
    ["two MPTCP options", `1e0c0001${OTHER}1e0c0001${SENT}`, "malformed", null],
    ["an MPTCP option that is cut off", `1e0c0001${OTHER.slice(0, 8)}`, "malformed", null],
    ["no MPTCP option", "0101", "plain", null],
    ["another option of unknown kind", "4d04aabb", "plain", null],
  ])("with %s", (_what, digits, verdict, receiverKey) => {
    expect(classify("v0", BEFORE + digits)).toEqual({ verdict, receiverKey });
  });
});

describe("the answer to a version 1 SYN", () => {
  test.each([
    ["a key of the host's own", `1e0c0101${OTHER}`, "claims-v1", OTHER_KEY],
    ["a key and a wish for checksums", `1e0c0181${OTHER}`, "claims-v1", OTHER_KEY],
    ["a key in version 0", `1e0c0001${OTHER}`, "claims-v0", OTHER_KEY],
    ["no key, as in the SYN", "1e040101", "echo", null],
    ["no key and other flags", "1e040181", "altered-echo", null],
    ["no key and another version", "1e040001", "altered-echo", null],
    ["a key in version 2", `1e0c0201${OTHER}`, "malformed", null],
    ["both keys", `1e140101${OTHER}${SENT}`, "malformed", null],
    ["ADD_ADDR", "1e08300ac6120002", "malformed", null],
    ["no MPTCP option", "", "plain", null],
  ])("with %s", (_what, digits, verdict, receiverKey) => {
    expect(classify("v1", BEFORE + digits)).toEqual({ verdict, receiverKey });
  });

  test("that has no key is never taken for a host, whatever follows the option", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), fc.nat(0xffff), (behind, word) => {
        const head = [30, 4, (word >>> 8) & 0x0f, word & 0xff];
        const padded = Uint8Array.from([...head, ...behind.map((byte) => (byte === 30 ? 1 : byte))]);
        const { verdict } = classifySynReply(
          { variant: "v1", sentKey: () => 0n, sentFlags: 0x01 },
          segment(SYN_ACK, padded),
        );
        expect(["echo", "altered-echo", "malformed"]).toContain(verdict);
      }),
    );
  });
});

describe("the answer to a control", () => {
  test.each<[string, Variant, string, string]>([
    ["a SYN without an option gets none back", "plain", BEFORE, "plain"],
    ["a SYN without an option gets MPTCP back", "plain", `${BEFORE}1e0c0101${OTHER}`, "malformed"],
    ["an unknown option comes back", "unknown-option", `${BEFORE}fd045058`, "echo"],
    ["an unknown option does not come back", "unknown-option", BEFORE, "plain"],
    ["an unknown option gets MPTCP back", "unknown-option", `${BEFORE}1e040101`, "malformed"],
  ])("%s", (_what, variant, digits, verdict) => {
    expect(classify(variant, digits)).toEqual({ verdict, receiverKey: null });
  });
});

describe("an answer without a SYN/ACK", () => {
  test("is rst for any reset, with or without ACK and options", () => {
    for (const flags of [TCP_RST, TCP_RST | TCP_ACK]) {
      expect(classify("v1", `1e0c0101${OTHER}`, flags)).toEqual({ verdict: "rst", receiverKey: null });
    }
  });

  test("is malformed for a segment that is neither reset nor SYN/ACK", () => {
    expect(classify("v0", "", TCP_ACK).verdict).toBe("malformed");
    expect(classify("v0", "", TCP_SYN).verdict).toBe("malformed");
  });

  test("is unreachable for an ICMP error", () => {
    const icmp = { type: 3, code: 1, quote: new Uint8Array(28), extensions: new Uint8Array(0) };
    const packet: Packet = { kind: "icmp-error", ip: IP, icmp };
    expect(classifySynReply({ variant: "v1", sentKey: () => 0n, sentFlags: 0x01 }, packet)).toEqual({
      verdict: "unreachable",
      receiverKey: null,
    });
  });
});

test("every answer has a verdict, and a key only where the host claims MPTCP", () => {
  const variants = fc.constantFrom<Variant>("v0", "v1", "plain", "unknown-option");
  fc.assert(
    fc.property(
      variants,
      fc.nat(255),
      fc.uint8Array({ maxLength: 40 }),
      fc.bigInt(0n, (1n << 64n) - 1n),
      (variant, flags, bytes, key) => {
        const answer = classifySynReply({ variant, sentKey: () => key, sentFlags: 0x01 }, segment(flags, bytes));
        expect(SYN_VERDICTS).toContain(answer.verdict);
        expect(answer.verdict.startsWith("claims-")).toBe(answer.receiverKey !== null);
      },
    ),
    { numRuns: 10_000 },
  );
});

describe("the answer to a SYN whose MP_CAPABLE had other flags", () => {
  test.each([
    ["v0", "1e0c0081" + "0c0c0c0c0c0c0c0c", "echo"],
    ["v0", "1e0c0001" + "0c0c0c0c0c0c0c0c", "altered-echo"],
    ["v1", "1e040181", "echo"],
    ["v1", "1e040101", "altered-echo"],
  ] as const)("is an echo only with these flags: %s %s", (variant, digits, verdict) => {
    const packet = segment(SYN_ACK, options(BEFORE + digits));
    const sentKey = (): bigint => 0x0c0c0c0c0c0c0c0cn;
    expect(classifySynReply({ variant, sentKey, sentFlags: 0x81 }, packet).verdict).toBe(verdict);
  });
});
