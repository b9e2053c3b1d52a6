import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { PlanPortOptions } from "../../../agent/wire/plan-port.js";
import { type PlannedPort, planPort } from "../../../agent/wire/plan-port.js";
import { formatAddress, parseAddress } from "../../../shared/address/address.js";
import type { Namespaces } from "./namespaces.js";
import { createTopology, ROUTER_1, VANTAGE } from "./topology.js";

const SOMEBODY = Uint8Array.of(2, 0, 0, 0, 0, 0x99);
const ONLY_4 = new Set<4 | 6>([6]);

describe("the plan of how packets leave", () => {
  let namespaces: Namespaces;
  let routerMac: string;
  beforeAll(() => {
    namespaces = createTopology();
    namespaces.run(VANTAGE, "ip address add 192.0.2.9/24 dev up0");
    const [link] = JSON.parse(
      execFileSync("ip", ["-n", ROUTER_1, "-json", "link", "show", "dev", "down0"], { encoding: "utf8" }),
    ) as [{ address: string }];
    routerMac = link.address;
  }, 60_000);
  afterAll(() => namespaces.destroy());

  const plan = (options: PlanPortOptions = {}): Promise<PlannedPort> =>
    namespaces.insideAsync(VANTAGE, () => planPort({ driver: "packet", ...options }));
  const mac = (bytes: Uint8Array | undefined): string =>
    Array.from(bytes ?? [], (byte) => byte.toString(16).padStart(2, "0")).join(":");

  it("has the MAC addresses that the router itself gives, over both families, without the kernel having asked", async () => {
    namespaces.run(VANTAGE, "ip neighbor flush dev up0");
    const { ipv4, ipv6, leftOut } = await plan();
    expect([mac(ipv4?.nextHopMac), mac(ipv6?.nextHopMac), leftOut]).toEqual([routerMac, routerMac, []]);
    const known = execFileSync("ip", ["-n", VANTAGE, "-4", "neighbor", "show"], { encoding: "utf8" });
    expect(known).not.toContain("192.0.2.254");
  });

  it("takes a gateway that was named, by address or by MAC address, and asks for no MAC address that it was told", async () => {
    const [gateway4, gateway6] = [parseAddress("192.0.2.254"), parseAddress("2001:db8:1::ff")];
    namespaces.run(VANTAGE, "ip route replace default via 192.0.2.77");
    namespaces.run(VANTAGE, "ip -6 route delete default");
    try {
      const named = await plan({ interface: "up0", gateway4, gateway6 });
      expect([mac(named.ipv4?.nextHopMac), mac(named.ipv6?.nextHopMac)]).toEqual([routerMac, routerMac]);
      const told = await plan({ interface: "up0", gatewayMac: SOMEBODY, manyTargets: true });
      expect([told.ipv4?.nextHopMac, told.ipv6?.nextHopMac]).toEqual([SOMEBODY, SOMEBODY]);
    } finally {
      namespaces.run(VANTAGE, "ip route replace default via 192.0.2.254");
      namespaces.run(VANTAGE, "ip -6 route add default via 2001:db8:1::ff");
    }
  });

  it("leaves a family out whose next hop is dead, and says why", async () => {
    namespaces.run(VANTAGE, "ip -6 route replace default via 2001:db8:1::77");
    try {
      const { ipv4, ipv6, leftOut } = await plan();
      expect(mac(ipv4?.nextHopMac)).toBe(routerMac);
      expect(ipv6).toBeNull();
      expect(leftOut).toEqual([{ family: 6, why: "the next hop 2001:db8:1::77 on up0 does not answer" }]);
    } finally {
      namespaces.run(VANTAGE, "ip -6 route replace default via 2001:db8:1::ff");
    }
    namespaces.run(VANTAGE, "ip route replace default via 192.0.2.77");
    try {
      const { ipv4, ipv6, leftOut } = await plan();
      expect(ipv4).toBeNull();
      expect(mac(ipv6?.nextHopMac)).toBe(routerMac);
      expect(leftOut).toEqual([{ family: 4, why: "the next hop 192.0.2.77 on up0 does not answer" }]);
    } finally {
      namespaces.run(VANTAGE, "ip route replace default via 192.0.2.254");
    }
  }, 30_000);

  it("sends from an address of the interface that was named", async () => {
    const source4 = parseAddress("192.0.2.9");
    const source6 = parseAddress("2001:db8:1::1");
    const towards = { towards4: parseAddress("198.18.0.1"), towards6: parseAddress("2001:2:0:1::1") };
    for (const options of [{}, { interface: "up0" }, towards]) {
      const { ipv4, ipv6 } = await plan({ source4, source6, ...options });
      expect([ipv4?.source, ipv6?.source].map((one) => formatAddress(one ?? new Uint8Array(16)))).toEqual([
        "192.0.2.9",
        "2001:db8:1::1",
      ]);
    }
  });

  it("refuses a source address that the interface does not have, and names those that it has", async () => {
    for (const options of [{}, { interface: "up0" }, { towards4: parseAddress("198.18.0.1") }]) {
      const refused = plan({ source4: parseAddress("192.0.2.8"), ...options });
      await expect(refused).rejects.toThrow(/^192\.0\.2\.8 is not an address of (this machine|interface up0)$/);
      await expect(refused).rejects.toMatchObject({
        remedy: expect.stringContaining("192.0.2.1, 192.0.2.9"),
        exitCode: 2,
      });
    }
    // An address of this machine all the same, on another interface.
    const elsewhere = plan({ source4: parseAddress("127.0.0.1"), interface: "up0" });
    await expect(elsewhere).rejects.toThrow("127.0.0.1 is not an address of interface up0");
  });

  it("cannot have another gateway than the kernel's with the portable driver", async () => {
    await expect(plan({ driver: "portable", gatewayMac: SOMEBODY, without: ONLY_4 })).rejects.toThrow(
      "the portable driver sends to the router of the kernel's own route",
    );
  });
});
