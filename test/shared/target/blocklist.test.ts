import { describe, expect, test } from "@jest/globals";
import { formatAddress, ipv4ToNumber, parseAddress } from "../../../shared/address/address.js";
import { formatPrefix, parsePrefix } from "../../../shared/address/prefix.js";
import { createBlocklist } from "../../../shared/target/blocklist.js";

const closed = createBlocklist([]);

// Address and RFC by hand from the registries at iana.org/assignments/iana-ipv4-special-registry and -ipv6-.
test.each([
  ["0.0.0.0", "RFC 791"],
  ["10.255.255.255", "RFC 1918"],
  ["100.64.0.1", "RFC 6598"],
  ["127.0.0.1", "RFC 1122"],
  ["169.254.169.254", "RFC 3927"],
  ["172.31.0.1", "RFC 1918"],
  ["192.0.0.1", "RFC 7335"],
  ["192.0.0.200", "RFC 6890"],
  ["192.0.2.1", "RFC 5737"],
  ["192.88.99.1", "RFC 7526"],
  ["192.168.1.1", "RFC 1918"],
  ["198.19.255.255", "RFC 2544"],
  ["198.51.100.1", "RFC 5737"],
  ["203.0.113.1", "RFC 5737"],
  ["224.0.0.1", "RFC 5771"],
  ["240.0.0.1", "RFC 1112"],
  ["255.255.255.255", "RFC 919"],
  ["::", "RFC 4291"],
  ["::1", "RFC 4291"],
  ["64:ff9b::1", "RFC 6052"],
  ["100::1", "RFC 6666"],
  ["2001::1", "RFC 4380"],
  ["2001:2::1", "RFC 5180"],
  ["2001:1ff::1", "RFC 2928"],
  ["2001:db8::1", "RFC 3849"],
  ["2002::1", "RFC 3056"],
  ["3fff::1", "RFC 9637"],
  ["fd00::1", "RFC 4193"],
  ["fe80::1", "RFC 4291"],
  ["ff02::1", "RFC 4291"],
])("%s is blocked by %s", (address, rfc) => {
  expect(closed.blockedBy(parseAddress(address))?.rfc).toBe(rfc);
  expect(closed.blockedBy(parsePrefix(address))?.rfc).toBe(rfc);
});

test.each([
  "1.1.1.1",
  "9.255.255.255",
  "11.0.0.0",
  "100.63.255.255",
  "100.128.0.0",
  "172.32.0.0",
  "192.0.1.0",
  "198.17.255.255",
  "198.20.0.0",
  "223.255.255.255",
  "2001:200::1",
  "2606:4700::1111",
  "2a00::1",
])("%s is not blocked", (address) => {
  expect(closed.blockedBy(parseAddress(address))).toBeNull();
});

test("all of IPv4 less the blocklist has as many addresses as the disjoint blocks leave", () => {
  // Three /8 (0, 10, 127), two /4 (224, 240), 100.64/10, 172.16/12, 198.18/15, two /16 (169.254, 192.168), and eight
  // /24: 192.0.0, 192.0.2, 192.31.196, 192.52.193, 192.88.99, 192.175.48, 198.51.100, 203.0.113.
  const blocked = 3 * 2 ** 24 + 2 * 2 ** 28 + 2 ** 22 + 2 ** 20 + 2 ** 17 + 2 * 2 ** 16 + 8 * 2 ** 8;
  expect(closed.ranges.size).toBe(blocked);
});

describe("targets wider than one address", () => {
  test("a prefix or range that reaches into a block is blocked by it", () => {
    expect(closed.blockedBy(parsePrefix("192.0.0.0/16"))?.rfc).toBe("RFC 7600");
    expect(closed.blockedBy(parsePrefix("2001:d00::/24"))?.name).toBe("Documentation");
    expect(closed.blockedBy({ first: 0x09ffffff, last: 0x0a000000 })?.rfc).toBe("RFC 1918");
    expect(closed.blockedBy({ first: 0x08000000, last: 0x09ffffff })).toBeNull();
    expect(closed.blockedBy(parsePrefix("8.0.0.0/7"))).toBeNull();
  });
});

describe("opened prefixes", () => {
  const opened = createBlocklist(["198.18.0.0/16", "2001:db8:1::/48"].map(parsePrefix));

  test("open what lies inside them", () => {
    expect(opened.blockedBy(parsePrefix("198.18.4.0/24"))).toBeNull();
    expect(opened.blockedBy(parseAddress("198.18.4.1"))).toBeNull();
    expect(opened.blockedBy(parsePrefix("2001:db8:1:2::/64"))).toBeNull();
    expect(opened.ranges.contains(ipv4ToNumber(parseAddress("198.18.4.1")))).toBe(false);
  });

  test("open nothing beside them", () => {
    expect(opened.blockedBy(parsePrefix("198.18.0.0/15"))?.rfc).toBe("RFC 2544");
    expect(opened.blockedBy(parseAddress("198.19.0.1"))?.rfc).toBe("RFC 2544");
    expect(opened.blockedBy(parsePrefix("2001:db8::/32"))?.rfc).toBe("RFC 3849");
    expect(opened.blockedBy(parseAddress("2001:db8:2::1"))?.rfc).toBe("RFC 3849");
  });

  test("two halves open the whole", () => {
    const both = createBlocklist(["198.18.0.0/16", "198.19.0.0/16"].map(parsePrefix));
    expect(both.blockedBy(parsePrefix("198.18.0.0/15"))).toBeNull();
  });

  test("one that holds a whole block opens it for wider targets too", () => {
    const all = createBlocklist([parsePrefix("0.0.0.0/0")]);
    expect(all.blockedBy(parsePrefix("0.0.0.0/0"))).toBeNull();
    expect(all.ranges.size).toBe(0);
  });
});

test("an entry names the block it comes from", () => {
  const entry = closed.blockedBy(parseAddress("203.0.113.7"));
  expect(entry === null ? "" : `${formatPrefix(entry.prefix)} ${entry.name}`).toBe(
    "203.0.113.0/24 Documentation (TEST-NET-3)",
  );
  expect(formatAddress(entry?.prefix.address ?? new Uint8Array(16))).toBe("203.0.113.0");
});
