import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseAddress } from "../../../shared/address/address.js";
import { decodeMptcp, type MptcpOption } from "../../../shared/option/mptcp.js";

const hex = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits, "hex"));
/** A whole option: subtype and all behind it in `digits`. */
const option = (digits: string): Uint8Array => {
  const body = hex(digits);
  return Uint8Array.from([30, body.length + 2, ...body]);
};

/** Flags and keys of an MP_CAPABLE that are not named in a test. */
const CAPABLE = {
  kind: "MP_CAPABLE",
  checksumRequired: false,
  extensibility: false,
  noJoin: false,
  algorithms: 1,
  senderKey: null,
  receiverKey: null,
  dataLength: null,
  checksum: null,
} as const;

describe("decodeMptcp reads what Linux 6.18 sent, as tcpdump prints it", () => {
  test.each<[string, string, MptcpOption]>([
    ["mptcp 4 capable v1", "1e040101", { ...CAPABLE, version: 1 }],
    ["mptcp 4 capable v1 csum", "1e040181", { ...CAPABLE, version: 1, checksumRequired: true }],
    [
      "mptcp 12 capable v1 {0xf92913448261bac4}",
      "1e0c0101f92913448261bac4",
      { ...CAPABLE, version: 1, senderKey: 0xf92913448261bac4n },
    ],
    [
      "mptcp 20 capable v1 {0x405d258042af05d5,0xf92913448261bac4}",
      "1e140101405d258042af05d5f92913448261bac4",
      { ...CAPABLE, version: 1, senderKey: 0x405d258042af05d5n, receiverKey: 0xf92913448261bac4n },
    ],
    [
      "5 bytes of data with the keys and a checksum 0x934c, as tshark prints them",
      "1e1801814bca3a466ed8fb70b8086d620378bddb0005934c",
      {
        ...CAPABLE,
        version: 1,
        checksumRequired: true,
        senderKey: 0x4bca3a466ed8fb70n,
        receiverKey: 0xb8086d620378bddbn,
        dataLength: 5,
        checksum: 0x934c,
      },
    ],
    [
      "mptcp 12 join id 9 token 0x394d11f0 nonce 0x4f3b64b8",
      "1e0c1009394d11f04f3b64b8",
      { kind: "MP_JOIN", form: "SYN", backup: false, addressId: 9, token: 0x394d11f0, nonce: 0x4f3b64b8 },
    ],
    [
      "mptcp 16 join id 7 hmac 0xc501e6853abcf7c8 nonce 0x196cd1ae",
      "1e101007c501e6853abcf7c8196cd1ae",
      {
        kind: "MP_JOIN",
        form: "SYN/ACK",
        backup: false,
        addressId: 7,
        truncatedHmac: 0xc501e6853abcf7c8n,
        nonce: 0x196cd1ae,
      },
    ],
    [
      "mptcp 24 join hmac 0xbc8d6050809a015df4e93b0b327c4e78780ac466",
      "1e181000bc8d6050809a015df4e93b0b327c4e78780ac466",
      { kind: "MP_JOIN", form: "ACK", hmac: hex("bc8d6050809a015df4e93b0b327c4e78780ac466") },
    ],
    [
      "mptcp 8 dss ack 874376737",
      "1e082001341dee21",
      { kind: "DSS", dataFin: false, dataAck: { bytes: 4, value: 874376737n }, mapping: null },
    ],
    [
      "mptcp 12 dss ack 16719046110573620774",
      "1e0c2003e805fbdb341dee26",
      { kind: "DSS", dataFin: false, dataAck: { bytes: 8, value: 16719046110573620774n }, mapping: null },
    ],
    [
      "mptcp 22 dss ack 2174287996 seq 16719046110573620769 subseq 1 len 5",
      "1e16200d8199007ce805fbdb341dee21000000010005",
      {
        kind: "DSS",
        dataFin: false,
        dataAck: { bytes: 4, value: 2174287996n },
        mapping: { bytes: 8, dataSequence: 16719046110573620769n, subflowSequence: 1, dataLength: 5, checksum: null },
      },
    ],
    [
      "mptcp 26 dss fin ack 16719046110573620775 seq 1792170068157202561 subseq 0 len 1",
      "1e1a201fe805fbdb341dee2718df112e81990081000000000001",
      {
        kind: "DSS",
        dataFin: true,
        dataAck: { bytes: 8, value: 16719046110573620775n },
        mapping: { bytes: 8, dataSequence: 1792170068157202561n, subflowSequence: 0, dataLength: 1, checksum: null },
      },
    ],
    [
      "mptcp 28 dss ack 17595153375432511554 seq 15259280510422427156 subseq 1 len 5 csum 0xf7c2",
      "1e1c200ff42e8ac5972b9042d3c3dac6efc52614000000010005f7c2",
      {
        kind: "DSS",
        dataFin: false,
        dataAck: { bytes: 8, value: 17595153375432511554n },
        mapping: { bytes: 8, dataSequence: 15259280510422427156n, subflowSequence: 1, dataLength: 5, checksum: 0xf7c2 },
      },
    ],
    [
      "mptcp 18 add-addr v1 id 7 198.18.0.4:8081 hmac 0xb7a3830ad9c1e5a",
      "1e123007c61200041f910b7a3830ad9c1e5a",
      {
        kind: "ADD_ADDR",
        version: 1,
        echo: false,
        addressId: 7,
        address: parseAddress("198.18.0.4"),
        port: 8081,
        truncatedHmac: 0xb7a3830ad9c1e5an,
      },
    ],
    [
      "mptcp 10 add-addr v1-echo id 7 198.18.0.4:8081",
      "1e0a3107c61200041f91",
      {
        kind: "ADD_ADDR",
        version: 1,
        echo: true,
        addressId: 7,
        address: parseAddress("198.18.0.4"),
        port: 8081,
        truncatedHmac: null,
      },
    ],
    [
      "mptcp 28 add-addr v1 id 7 2001:db8::4 hmac 0x75bc17498909d6cc",
      "1e1c300720010db800000000000000000000000475bc17498909d6cc",
      {
        kind: "ADD_ADDR",
        version: 1,
        echo: false,
        addressId: 7,
        address: parseAddress("2001:db8::4"),
        port: null,
        truncatedHmac: 0x75bc17498909d6ccn,
      },
    ],
    [
      "mptcp 20 add-addr v1-echo id 7 2001:db8::4",
      "1e14310720010db8000000000000000000000004",
      {
        kind: "ADD_ADDR",
        version: 1,
        echo: true,
        addressId: 7,
        address: parseAddress("2001:db8::4"),
        port: null,
        truncatedHmac: null,
      },
    ],
    ["mptcp 4 rem-addr id 9", "1e044009", { kind: "REMOVE_ADDR", addressIds: [9] }],
    ["mptcp 3 prio backup", "1e0351", { kind: "MP_PRIO", backup: true, addressId: null }],
    [
      "mptcp 12 fast-close key 0x3677adf2e54e3993",
      "1e0c70003677adf2e54e3993",
      { kind: "MP_FASTCLOSE", receiverKey: 0x3677adf2e54e3993n },
    ],
    [
      "reset reason 1, as tshark prints the answer to an unknown token",
      "1e048001",
      { kind: "MP_TCPRST", reserved: 0, transient: false, reason: 1 },
    ],
  ])("%s", (_printed, digits, expected) => {
    expect(decodeMptcp(hex(digits))).toEqual(expected);
  });
});

describe("decodeMptcp reads forms that Linux does not send", () => {
  const key = "0c0c0c0c0c0c0c01";
  const other = "1112131415161718";
  test.each<[string, string, Partial<MptcpOption>]>([
    ["the SYN of version 0 (RFC 6824 figure 4)", `0081${key}`, { kind: "MP_CAPABLE", version: 0 }],
    ["its checksum flag", `0081${key}`, { checksumRequired: true, senderKey: 0x0c0c0c0c0c0c0c01n }],
    [
      "the ACK of version 0",
      `0001${key}${other}`,
      { ...CAPABLE, version: 0, senderKey: 0x0c0c0c0c0c0c0c01n, receiverKey: 0x1112131415161718n },
    ],
    [
      "bit C of version 0, which means nothing there",
      `0021${key}`,
      { ...CAPABLE, version: 0, senderKey: 0x0c0c0c0c0c0c0c01n },
    ],
    [
      "flags B and C of version 1 (RFC 8684 figure 4)",
      "0161",
      { ...CAPABLE, version: 1, extensibility: true, noJoin: true },
    ],
    ["flags D to H", "011f", { ...CAPABLE, version: 1, algorithms: 0x1f }],
    ["the ACK with data", `0101${key}${other}05b4`, { dataLength: 1460, checksum: null }],
    ["the ACK with data and a checksum", `0181${key}${other}05b4beef`, { dataLength: 1460, checksum: 0xbeef }],
    ["MP_JOIN of a backup path", "1109deadbeef01020304", { kind: "MP_JOIN", form: "SYN", backup: true }],
    [
      "a DSS with four-byte numbers and a checksum",
      "2005000000010000000200000003000405ff",
      {
        kind: "DSS",
        dataAck: { bytes: 4, value: 1n },
        mapping: { bytes: 4, dataSequence: 2n, subflowSequence: 3, dataLength: 4, checksum: 0x05ff },
      },
    ],
    ["a DSS with nothing", "2000", { kind: "DSS", dataFin: false, dataAck: null, mapping: null }],
    ["a DSS whose flag a is set without A", "2002", { kind: "DSS", dataAck: null, mapping: null }],
    [
      "ADD_ADDR of version 0, IPv4 (RFC 6824 figure 12)",
      "3405c6120004",
      { kind: "ADD_ADDR", version: 0, echo: false, addressId: 5, port: null, truncatedHmac: null },
    ],
    [
      "ADD_ADDR of version 0, IPv4 with port",
      "3405c61200041f90",
      { version: 0, address: parseAddress("198.18.0.4"), port: 8080 },
    ],
    [
      "ADD_ADDR of version 0, IPv6 with port",
      "360520010db80000000000000000000000041f90",
      { version: 0, address: parseAddress("2001:db8::4"), port: 8080, truncatedHmac: null },
    ],
    [
      "ADD_ADDR of version 1, IPv4 without port",
      `3005c6120004${other}`,
      { version: 1, echo: false, address: parseAddress("198.18.0.4"), port: null, truncatedHmac: 0x1112131415161718n },
    ],
    [
      "ADD_ADDR of version 1, IPv6 with port",
      `300520010db80000000000000000000000041f90${other}`,
      { version: 1, address: parseAddress("2001:db8::4"), port: 8080, truncatedHmac: 0x1112131415161718n },
    ],
    ["REMOVE_ADDR of several addresses", "40010203", { kind: "REMOVE_ADDR", addressIds: [1, 2, 3] }],
    ["MP_PRIO of version 0 with an address", "5007", { kind: "MP_PRIO", backup: false, addressId: 7 }],
    ["MP_FAIL", `6000${other}`, { kind: "MP_FAIL", dataSequence: 0x1112131415161718n }],
    ["MP_TCPRST (RFC 8684 figure 15)", "8001", { kind: "MP_TCPRST", reserved: 0, transient: false, reason: 1 }],
    ["flags U, V, W and T of MP_TCPRST", "8f03", { kind: "MP_TCPRST", reserved: 7, transient: true, reason: 3 }],
  ])("%s", (_name, digits, expected) => {
    expect(decodeMptcp(option(digits))).toMatchObject(expected);
  });

  test("a subtype that neither version has is unknown, with its bytes", () => {
    expect(decodeMptcp(option("f0aabb"))).toEqual({ kind: "unknown", subtype: 15, data: hex("f0aabb") });
    expect(decodeMptcp(option("90"))).toEqual({ kind: "unknown", subtype: 9, data: hex("90") });
  });

  test("an MP_CAPABLE of a later version is unknown: its layout is not given", () => {
    expect(decodeMptcp(option("0201"))).toEqual({ kind: "unknown", subtype: 0, data: hex("0201") });
  });
});

describe("decodeMptcp calls malformed", () => {
  /** Every length that RFC 6824 and RFC 8684 allow, by the first bytes. */
  test.each<[string, string, readonly number[]]>([
    ["MP_CAPABLE of version 0", "0001", [12, 20]],
    ["MP_CAPABLE of version 1", "0101", [4, 12, 20, 22, 24]],
    ["MP_JOIN", "1000", [12, 16, 24]],
    ["DSS with neither A nor M", "2000", [4]],
    ["DSS with A", "2001", [8]],
    ["DSS with A and a", "2003", [12]],
    ["DSS with M", "2004", [14, 16]],
    ["DSS with M and m", "200c", [18, 20]],
    ["DSS with A and M", "2005", [18, 20]],
    ["DSS with A, a, M", "2007", [22, 24]],
    ["DSS with A, M, m", "200d", [22, 24]],
    ["DSS with A, a, M, m", "200f", [26, 28]],
    ["ADD_ADDR of version 0, IPv4", "3400", [8, 10]],
    ["ADD_ADDR of version 0, IPv6", "3600", [20, 22]],
    ["ADD_ADDR of version 1", "3000", [16, 18, 28, 30]],
    ["ADD_ADDR of version 1 with echo", "3100", [8, 10, 20, 22]],
    ["MP_PRIO", "5000", [4]],
    ["MP_FAIL", "6000", [12]],
    ["MP_FASTCLOSE", "7000", [12]],
    ["MP_TCPRST", "8000", [4]],
  ])("%s at any other length", (_name, head, lengths) => {
    const good: number[] = [];
    for (let length = 4; length <= 40; length++) {
      const bytes = option(head.padEnd(2 * (length - 2), "0"));
      if (decodeMptcp(bytes).kind !== "malformed") good.push(length);
    }
    expect(good).toEqual(lengths);
  });

  test.each([
    ["an option that ends before its subtype", "1e02", null],
    ["an option of another kind", "fd0401aa", null],
    ["an option whose length byte is not its length", "1e0c0101", null],
    ["no bytes", "", null],
    ["MP_CAPABLE without its flags", "1e0301", 0],
    ["REMOVE_ADDR without an address", "1e0340", 4],
  ])("%s", (_name, digits, subtype) => {
    expect(decodeMptcp(hex(digits))).toEqual({ kind: "malformed", subtype, data: hex(digits).subarray(2) });
  });
});

test("MP_PRIO of three bytes has no address", () => {
  expect(decodeMptcp(option("50"))).toEqual({ kind: "MP_PRIO", backup: false, addressId: null });
});

test("a DSS may carry a mapping alone, without checksum", () => {
  expect(decodeMptcp(option("200400000002000000030004"))).toEqual({
    kind: "DSS",
    dataFin: false,
    dataAck: null,
    mapping: { bytes: 4, dataSequence: 2n, subflowSequence: 3, dataLength: 4, checksum: null },
  });
});

test("decodeMptcp never throws", () => {
  const anything = fc.uint8Array({ maxLength: 44 });
  const likely = fc
    .uint8Array({ minLength: 1, maxLength: 38 })
    .map((body) => option(Buffer.from(body).toString("hex")));
  fc.assert(
    fc.property(fc.oneof(anything, likely), (bytes) => {
      expect(typeof decodeMptcp(bytes).kind).toBe("string");
    }),
    { numRuns: 10_000 },
  );
});
