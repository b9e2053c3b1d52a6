import { describe, expect, it } from "@jest/globals";
import type { IpCommand } from "../../../agent/wire/ip-command.js";
import { findRoute } from "../../../agent/wire/route.js";
import { formatAddress, parseAddress } from "../../../shared/address/address.js";

/** Answers as `ip -json` of iproute2 6.1 printed them. */
function ipWith(answers: Readonly<Record<string, readonly unknown[]>>): IpCommand {
  return (args) => Promise.resolve(answers[args.join(" ")] ?? null);
}

const routeTo = {
  dst: "198.18.0.1",
  gateway: "192.0.2.254",
  dev: "eth0",
  prefsrc: "192.0.2.1",
  flags: [],
  uid: 0,
  cache: [],
};
const addresses = (...infos: object[]) => [{ ifname: "eth0", addr_info: infos }];

describe("route", () => {
  it("finds router, interface and source address of a target", async () => {
    const ip = ipWith({ "-4 route get 198.18.0.1": [routeTo] });
    const route = await findRoute(ip, { family: 4, towards: parseAddress("198.18.0.1") });
    expect(route).toMatchObject({ interface: "eth0", nextHop: parseAddress("192.0.2.254"), onLink: false });
    expect(formatAddress(route?.source ?? new Uint8Array(16))).toBe("192.0.2.1");
  });

  it("takes a target on the link as its own next hop", async () => {
    const { gateway, ...onLink } = routeTo;
    expect(gateway).toBeDefined();
    const ip = ipWith({ "-4 route get 198.18.0.1 oif eth0": [onLink] });
    const route = await findRoute(ip, { family: 4, interface: "eth0", towards: parseAddress("198.18.0.1") });
    expect(route).toMatchObject({ nextHop: parseAddress("198.18.0.1"), onLink: true });
  });

  it("has no next hop on loopback", async () => {
    const ip = ipWith({
      "-4 route get 127.0.0.1": [{ type: "local", dst: "127.0.0.1", dev: "lo", prefsrc: "127.0.0.1" }],
    });
    expect((await findRoute(ip, { family: 4, towards: parseAddress("127.0.0.1") }))?.nextHop).toBeNull();
  });

  it("says that there is no route where the kernel refuses or forbids it", async () => {
    const ip = ipWith({ "-6 route get 2001:db8::1": [{ type: "unreachable", dst: "2001:db8::1", dev: "lo" }] });
    expect(await findRoute(ip, { family: 6, towards: parseAddress("2001:db8::1") })).toBeNull();
    expect(await findRoute(ip, { family: 6, towards: parseAddress("2001:db8::2") })).toBeNull();
  });

  it("without a target takes the default route of the lowest metric, and a lasting global address", async () => {
    const ip = ipWith({
      "-6 route show dev eth0": [
        { dst: "2001:db8:5::/64", protocol: "kernel", metric: 256, flags: [] },
        { dst: "default", gateway: "fe80::2", metric: 2048, flags: [] },
        { dst: "default", gateway: "fe80::1", metric: 1024, flags: [] },
      ],
      "-6 address show dev eth0": addresses(
        { local: "fe80::9", scope: "link", prefixlen: 64 },
        { local: "2001:db8:5::dead", scope: "global", prefixlen: 64, temporary: true },
        { local: "2001:db8:5::bad", scope: "global", prefixlen: 64, deprecated: true },
        { local: "2001:db8:5::9", scope: "global", prefixlen: 64 },
      ),
    });
    const route = await findRoute(ip, { family: 6, interface: "eth0" });
    expect(route).toMatchObject({ interface: "eth0", nextHop: parseAddress("fe80::1") });
    expect(formatAddress(route?.source ?? new Uint8Array(16))).toBe("2001:db8:5::9");
  });

  it("asks for the way that packets from a given address take, and sends from it", async () => {
    const { prefsrc, ...route } = { ...routeTo, from: "192.0.2.9" };
    expect(prefsrc).toBe("192.0.2.1");
    const ip = ipWith({ "-4 route get 198.18.0.1 from 192.0.2.9": [route] });
    const source = parseAddress("192.0.2.9");
    expect(await findRoute(ip, { family: 4, towards: parseAddress("198.18.0.1"), source })).toMatchObject({ source });
  });

  it("names the interface that has no address of the family", async () => {
    const ip = ipWith({
      "-6 route show": [{ dst: "default", gateway: "fe80::1", dev: "eth0" }],
      "-6 address show dev eth0": addresses({ local: "fe80::9", scope: "link", prefixlen: 64 }),
    });
    await expect(findRoute(ip, { family: 6 })).rejects.toThrow("interface eth0 has no IPv6 address to send from");
  });

  it("picks the branch of a multipath route that goes through the interface", async () => {
    const ip = ipWith({
      "-4 route show dev eth1": [
        {
          dst: "default",
          prefsrc: "192.0.2.1",
          nexthops: [
            { gateway: "192.0.2.253", dev: "eth0", weight: 1 },
            { gateway: "192.0.2.254", dev: "eth1", weight: 1 },
          ],
        },
      ],
    });
    expect(await findRoute(ip, { family: 4, interface: "eth1" })).toMatchObject({
      interface: "eth1",
      nextHop: parseAddress("192.0.2.254"),
    });
  });
});
