import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { ipv4FromNumber } from "../../../shared/address/address.js";
import { decodeMptcp } from "../../../shared/option/mptcp.js";
import { encodeMptcp, type WellFormedMptcp } from "../../../shared/option/mptcp-encode.js";

const u = (bits: number) => fc.integer({ min: 0, max: 2 ** bits - 1 });
const u64 = fc.bigInt(0n, 2n ** 64n - 1n);
const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const sized = fc
  .constantFrom<4 | 8>(4, 8)
  .chain((bytes) => fc.record({ bytes: fc.constant(bytes), value: fc.bigInt(0n, 2n ** BigInt(8 * bytes) - 1n) }));

/** Keys that each form of MP_CAPABLE has: SYN, SYN/ACK, third ACK, first data (version 1). */
const capable = fc
  .record({
    form: fc.constantFrom("v0", "v0-both", "v1-syn", "v1", "v1-both", "v1-data", "v1-checksum"),
    checksumRequired: fc.boolean(),
    extensibility: fc.boolean(),
    noJoin: fc.boolean(),
    algorithms: u(5),
    keys: fc.tuple(u64, u64),
    dataLength: u(16),
    checksum: u(16),
  })
  .map(({ form, keys: [senderKey, receiverKey], dataLength, checksum, noJoin, ...flags }): WellFormedMptcp => {
    const hasBoth = !["v0", "v1-syn", "v1"].includes(form);
    const hasData = form === "v1-data" || form === "v1-checksum";
    return {
      kind: "MP_CAPABLE",
      version: form.startsWith("v0") ? 0 : 1,
      ...flags,
      noJoin: noJoin && form.startsWith("v1"),
      senderKey: form === "v1-syn" ? null : senderKey,
      receiverKey: hasBoth ? receiverKey : null,
      dataLength: hasData ? dataLength : null,
      checksum: form === "v1-checksum" ? checksum : null,
    };
  });

const join: fc.Arbitrary<WellFormedMptcp> = fc.oneof(
  fc.record({
    kind: fc.constant("MP_JOIN" as const),
    form: fc.constant("SYN" as const),
    backup: fc.boolean(),
    addressId: u(8),
    token: u(32),
    nonce: u(32),
  }),
  fc.record({
    kind: fc.constant("MP_JOIN" as const),
    form: fc.constant("SYN/ACK" as const),
    backup: fc.boolean(),
    addressId: u(8),
    truncatedHmac: u64,
    nonce: u(32),
  }),
  fc
    .uint8Array({ minLength: 20, maxLength: 20 })
    .map((hmac) => ({ kind: "MP_JOIN" as const, form: "ACK" as const, hmac })),
);

const dss: fc.Arbitrary<WellFormedMptcp> = fc.record({
  kind: fc.constant("DSS" as const),
  dataFin: fc.boolean(),
  dataAck: orNull(sized),
  mapping: orNull(
    fc
      .record({ sized, subflowSequence: u(32), dataLength: u(16), checksum: orNull(u(16)) })
      .map(({ sized: { bytes, value }, ...rest }) => ({ bytes, dataSequence: value, ...rest })),
  ),
});

const address = fc.oneof(
  u(32).map((value) => ipv4FromNumber(value)),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => bytes.with(0, 0x20)),
);
const addAddr: fc.Arbitrary<WellFormedMptcp> = fc
  .record({ form: fc.constantFrom("v0", "v1", "v1-echo"), addressId: u(8), address, port: orNull(u(16)), hmac: u64 })
  .map(({ form, hmac, ...rest }) => ({
    kind: "ADD_ADDR",
    version: form === "v0" ? 0 : 1,
    echo: form === "v1-echo",
    ...rest,
    truncatedHmac: form === "v1" ? hmac : null,
  }));

const others: fc.Arbitrary<WellFormedMptcp> = fc.oneof(
  fc.record({
    kind: fc.constant("REMOVE_ADDR" as const),
    addressIds: fc.array(u(8), { minLength: 1, maxLength: 20 }),
  }),
  fc.record({ kind: fc.constant("MP_PRIO" as const), backup: fc.boolean(), addressId: orNull(u(8)) }),
  fc.record({ kind: fc.constant("MP_FAIL" as const), dataSequence: u64 }),
  fc.record({ kind: fc.constant("MP_FASTCLOSE" as const), receiverKey: u64 }),
  fc.record({ kind: fc.constant("MP_TCPRST" as const), reserved: u(3), transient: fc.boolean(), reason: u(8) }),
  fc
    .record({ subtype: fc.integer({ min: 9, max: 15 }), low: u(4), behind: fc.uint8Array({ maxLength: 30 }) })
    .map(({ subtype, low, behind }) => ({
      kind: "unknown" as const,
      subtype,
      data: Uint8Array.from([(subtype << 4) | low, ...behind]),
    })),
);

describe("an MPTCP option that is written", () => {
  test("is read as it was, whatever its subtype, version and form", () => {
    fc.assert(
      fc.property(fc.oneof(capable, join, dss, addAddr, others), (option) => {
        const bytes = encodeMptcp(option);
        expect([bytes[0], bytes[1]]).toEqual([30, bytes.length]);
        expect(decodeMptcp(bytes)).toEqual(option);
      }),
      { numRuns: 5000 },
    );
  });

  // From the sessions of Linux 6.18 whose options the decoder's test reads, and the figures of RFC 6824 section 3.
  test.each([
    ["MP_CAPABLE of version 1 in a SYN", "1e040101"],
    ["MP_CAPABLE of version 1 in a SYN/ACK", "1e0c0101f92913448261bac4"],
    ["MP_CAPABLE of version 1 with data and checksum", "1e1801814bca3a466ed8fb70b8086d620378bddb0005934c"],
    ["MP_CAPABLE of version 0 in a SYN", "1e0c00810c0c0c0c0c0c0c01"],
    ["MP_JOIN in a SYN", "1e0c1009394d11f04f3b64b8"],
    ["MP_JOIN in a SYN/ACK", "1e101007c501e6853abcf7c8196cd1ae"],
    ["DSS with a data acknowledgement of 4 bytes", "1e082001efc52614"],
    ["ADD_ADDR of version 0", "1e083402c6120002"],
    ["ADD_ADDR of version 1, echoed", "1e083102c6120002"],
    ["MP_TCPRST, transient", "1e048103"],
  ])("has the bytes of %s", (_what, digits) => {
    const bytes = Uint8Array.from(Buffer.from(digits, "hex"));
    const option = decodeMptcp(bytes);
    if (option.kind === "malformed") throw new Error("malformed");
    expect(encodeMptcp(option)).toEqual(bytes);
  });
});
