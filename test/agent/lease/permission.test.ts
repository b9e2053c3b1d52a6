import { describe, expect, test } from "@jest/globals";
import { createPermission, type PermissionOptions } from "../../../agent/lease/permission.js";
import { ipv4ToNumber, parseAddress } from "../../../shared/address/address.js";
import { formatPrefix, parsePrefix } from "../../../shared/address/prefix.js";
import { rangeOfPrefix } from "../../../shared/target/ranges.js";

const contact = { email: "noc@example.net", url: "https://example.net" };

function permission(options: { open?: string[]; block?: string[]; ports?: number[]; contact?: null } = {}) {
  const all: PermissionOptions = {
    open: (options.open ?? []).map(parsePrefix),
    block: (options.block ?? []).map(parsePrefix),
    ports: options.ports ?? null,
    contact: options.contact === null ? null : contact,
  };
  return createPermission(all);
}

const ranges = (...prefixes: string[]) => prefixes.map((prefix) => rangeOfPrefix(parsePrefix(prefix)));
const targets = (...addresses: string[]) => addresses.map((text) => ({ address: parseAddress(text), port: 80 }));

describe("what an agent's own file permits", () => {
  test("a special-purpose range only where the file opens it, naming range, purpose and RFC", () => {
    expect(permission().ranges(ranges("198.18.0.0/15"))).toMatch(/198\.18\.0\.0\/15 .*Benchmarking.*RFC 2544.*open/);
    expect(permission({ open: ["198.18.0.0/15"] }).ranges(ranges("198.18.0.0/15"))).toBeNull();
    expect(permission({ open: ["198.18.0.0/16"] }).ranges(ranges("198.18.0.0/15"))).toMatch(/does not open/);
  });

  test("of a list, each target is looked at, in both families", () => {
    const lab = permission({ open: ["2001:db8::/32"] });
    expect(lab.targets(targets("2001:db8::1", "2001:db8:ffff::2"))).toBeNull();
    expect(lab.targets(targets("2001:db8::1", "2001:2::1"))).toMatch(/2001:2::1 is in 2001:2::\/48/);
    expect(lab.targets(targets("10.1.2.3"))).toMatch(/10\.1\.2\.3 is in 10\.0\.0\.0\/8/);
  });

  test("the Internet only with a contact, and the refusal says what to set", () => {
    const reason = permission({ contact: null }).targets(targets("8.8.8.8"));
    expect(reason).toMatch(/8\.8\.8\.8 .*contact\.email and contact\.url/);
    expect(permission({ contact: null }).ranges(ranges("8.8.8.0/24"))).toMatch(/contact\.email and contact\.url/);
    expect(permission().targets(targets("8.8.8.8", "2a00:1450::1"))).toBeNull();
    expect(permission().ranges(ranges("8.8.8.0/24"))).toBeNull();
  });

  test("the lab without a contact", () => {
    const lab = permission({ open: ["198.18.0.0/15", "2001:db8::/32"], contact: null });
    expect(lab.ranges(ranges("198.18.0.0/15"))).toBeNull();
    expect(lab.targets(targets("198.19.255.1", "2001:db8::1"))).toBeNull();
    expect(lab.ranges(ranges("198.18.0.0/15", "1.0.0.0/24"))).toMatch(/1\.0\.0\.0 .*contact/);
  });

  test("opening the whole Internet does not stand for a contact", () => {
    const wide = permission({ open: ["0.0.0.0/0", "::/0"], contact: null });
    expect(wide.targets(targets("8.8.8.8"))).toMatch(/contact/);
    expect(wide.targets(targets("2a00:1450::1"))).toMatch(/contact/);
    expect(wide.ranges(ranges("8.8.8.0/24"))).toMatch(/contact/);
    expect(wide.ranges(ranges("198.18.0.0/15"))).toBeNull();
  });

  test("nothing in its own block list, even inside what it opens", () => {
    const file = permission({ open: ["198.18.0.0/15"], block: ["198.18.7.0/24", "2a00:1450::/32"] });
    expect(file.targets(targets("198.18.7.1"))).toMatch(/198\.18\.7\.0\/24, which "block"/);
    expect(file.targets(targets("2a00:1450::1"))).toMatch(/2a00:1450::\/32/);
    expect(file.ranges(ranges("198.18.0.0/15"))).toMatch(/198\.18\.7\.0\/24/);
    const first = ipv4ToNumber(parseAddress("198.18.8.0"));
    expect(file.ranges([{ first, last: first + 255 }])).toBeNull();
  });

  test("opt-outs and blocklists are no reason to refuse work; they are handed to whoever sends", () => {
    const blocked = [{ prefix: parsePrefix("8.8.8.0/24") }, { prefix: parsePrefix("2a00:1450::/32") }];
    const file = createPermission({ open: [], block: [parsePrefix("9.9.9.9/32")], ports: null, contact, blocked });
    expect(file.ranges(ranges("8.0.0.0/8"))).toBeNull();
    expect(file.targets(targets("2a00:1450::1"))).toBeNull();
    expect(file.leftOut.map(formatPrefix)).toEqual(["9.9.9.9/32", "8.8.8.0/24", "2a00:1450::/32"]);
  });

  test("only its own ports where it lists some", () => {
    expect(permission({ ports: [80] }).ports([80, 443])).toMatch(/port 443 .*caps\.ports/);
    expect(permission({ ports: [80, 443] }).ports([443])).toBeNull();
    expect(permission().ports([22])).toBeNull();
  });
});
