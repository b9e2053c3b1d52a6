import { describe, expect, test } from "@jest/globals";
import { formatAddress } from "../../../shared/address/address.js";
import { icmpExtensionTexts } from "../../../shared/packet/icmp-extension-text.js";
import { decodeIcmpExtensions } from "../../../shared/packet/icmp-extensions.js";

const hex = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits.replace(/\s/g, ""), "hex"));

/** An extension header without a checksum (RFC 4884 section 7), and objects behind it. */
const without = (...objects: readonly string[]): Uint8Array => hex(`20000000 ${objects.join("")}`);

/** RFC 4950 section 3: length 8, class 1, type 1; label 24001, experimental bits 0, bottom of stack, TTL 1. */
const LABEL = "00080101 05dc1101";
/** RFC 5837 section 4: C-Type with role 0 and all four bits; index 7, IPv4 192.0.2.1, "eth0" in 8 bytes, MTU 1500. */
const INCOMING = "001c020f 00000007 00010000 c0000201 0865746830000000 000005dc";

describe("the extension structure of an ICMP error", () => {
  test("is read where its checksum is right", () => {
    // 2000 + 0008 + 0101 + 05dc + 1101 = 37e6, whose complement is c819.
    expect(decodeIcmpExtensions(hex(`2000c819 ${LABEL}`))).toHaveLength(1);
    // 2000 + … = 196dd, with its carry 96de, whose complement is 6921.
    expect(decodeIcmpExtensions(hex(`20006921 ${INCOMING}`))).toHaveLength(1);
  });

  test.each([
    ["with a wrong checksum", hex(`2000c818 ${LABEL}`)],
    ["of version 1", hex(`1000d819 ${LABEL}`)],
    ["that is shorter than its header", hex("2000df")],
    ["of no bytes", hex("")],
  ])("holds nothing %s", (_what, bytes) => {
    expect(decodeIcmpExtensions(bytes)).toEqual([]);
  });

  test("is read without a checksum, which 0 stands for", () => {
    expect(decodeIcmpExtensions(without(LABEL, INCOMING)).map(({ kind }) => kind)).toEqual(["mpls", "interface"]);
  });

  test.each([
    ["is cut off", "000c0101 05dc1101"],
    ["is shorter than its own header", "00030101 05dc1101"],
    ["has no header", "0008"],
  ])("ends before an object that %s", (_what, object) => {
    expect(decodeIcmpExtensions(without(LABEL, object)).map(({ kind }) => kind)).toEqual(["mpls"]);
  });
});

describe("an MPLS label stack", () => {
  test("has all fields of all entries, outermost first", () => {
    const [stack] = decodeIcmpExtensions(without("000c0101 fffff240 00010ffe"));
    expect(stack).toEqual({
      kind: "mpls",
      labels: [
        { label: 0xfffff, exp: 1, bottomOfStack: false, ttl: 0x40 },
        { label: 16, exp: 7, bottomOfStack: true, ttl: 0xfe },
      ],
    });
  });

  test("of half an entry, or of a type that is no incoming stack, is kept as it is", () => {
    expect(decodeIcmpExtensions(without("00060101 05dc"))).toEqual([
      { kind: "other", class: 1, type: 1, data: hex("05dc") },
    ]);
    expect(decodeIcmpExtensions(without("00080102 05dc1101"))).toMatchObject([{ kind: "other", class: 1, type: 2 }]);
  });
});

describe("interface information", () => {
  test("has index, address, name and MTU", () => {
    const [found] = decodeIcmpExtensions(without(INCOMING));
    expect(found).toMatchObject({ kind: "interface", role: "incoming", index: 7, mtu: 1500 });
    if (found?.kind !== "interface") throw new Error("no interface");
    expect(formatAddress(found.address ?? new Uint8Array(16))).toBe("192.0.2.1");
    expect(Buffer.from(found.name ?? []).toString()).toBe("eth0");
  });

  test.each([
    ["incoming", "0008 02 08 00000007", "index=7"],
    ["sub-ip", "000c 02 42 0865746831000000", "name=eth1"],
    ["outgoing", "0008 02 81 00000500", "mtu=1280"],
    ["next-hop", "0018 02 c4 00020000 20010db8000000000000000000000001", "address=2001:db8::1"],
  ])("of role %s tells no more than it has", (role, object, told) => {
    expect(icmpExtensionTexts(without(object))).toEqual([`interface role=${role} ${told}`]);
  });

  test("may tell nothing but the role", () => {
    expect(icmpExtensionTexts(without("0004 02 80"))).toEqual(["interface role=outgoing"]);
  });

  test.each([
    ["an address of an unknown family", "0010 02 04 00030000 c0000201 00000000"],
    ["an IPv6 address that is cut off", "000c 02 04 00020000 20010db8"],
    ["a name longer than the object", "0008 02 02 40657468"],
    ["a name of no bytes", "0008 02 02 00657468"],
    ["a name of more than 63 bytes", `0048 02 02 44${"41".repeat(67)}`],
    ["an MTU that is cut off", "0006 02 01 0500"],
  ])("with %s is kept as it is", (_what, object) => {
    expect(decodeIcmpExtensions(without(object))).toMatchObject([{ kind: "other", class: 2 }]);
  });
});

describe("extensions as text", () => {
  test("have a text for each label and each object", () => {
    expect(icmpExtensionTexts(without("000c0101 05dc1001 05dc2301", INCOMING, "00080301 0a0b0c0d"))).toEqual([
      "mpls label=24001 exp=0 s=0 ttl=1",
      "mpls label=24002 exp=1 s=1 ttl=1",
      "interface role=incoming index=7 address=192.0.2.1 name=eth0 mtu=1500",
      "object class=3 type=1 data=0a0b0c0d",
    ]);
  });

  test("carry nothing to a terminal but visible characters, of a name too", () => {
    // Escape, "[2J", space, "%", a byte that is no UTF-8
    expect(icmpExtensionTexts(without("000c 02 02 081b5b324a2025ff"))).toEqual([
      "interface role=incoming name=%1b[2J%20%25%ff",
    ]);
  });

  test("are no more than a row has room for", () => {
    const many = without(...new Array<string>(300).fill("0004ff00"));
    expect(decodeIcmpExtensions(many)).toHaveLength(300);
    expect(icmpExtensionTexts(many)).toHaveLength(32);
  });
});
