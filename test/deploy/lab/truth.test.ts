import { describe, expect, it } from "@jest/globals";
import { NETWORKS, VANTAGE_POINTS } from "../../../deploy/lab/networks.js";
import { createTopology, needles } from "../../../deploy/lab/topology.js";
import { truthOf } from "../../../deploy/lab/truth.js";
import { parseAddress } from "../../../shared/address/address.js";
import { parsePrefix, prefixContains } from "../../../shared/address/prefix.js";

const topology = createTopology(NETWORKS, true);
const truth = truthOf(topology, NETWORKS);
const assigned = new Set(
  topology.links.flatMap(({ a, b }) => [a, b].flatMap((end) => end.addresses.map((text) => text.replace(/\/.*/, "")))),
);
const LAB_PREFIXES = [
  "192.0.2.0/24",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "198.18.0.0/15",
  "2001:db8::/32",
  "2001:2::/48",
  "fe80::/10",
];

describe("the lab's truth", () => {
  it("speaks of every network once per family and port", () => {
    const keys = truth.map(({ address, port }) => `${address} ${port}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.length).toBe(NETWORKS.length * 2 * 2);
  });

  it("names in its changes only addresses that the topology gives to an interface, two different ones each", () => {
    for (const { network, changes } of truth) {
      for (const { after, before } of changes) {
        expect([network, assigned.has(before)]).toEqual([network, true]);
        expect([network, after !== null && assigned.has(after)]).toEqual([network, true]);
        expect(after).not.toBe(before);
      }
    }
  });

  it("keeps families apart: an IPv6 target's path has IPv6 hops", () => {
    for (const { address, changes } of truth) {
      for (const { after, before } of changes) {
        expect([after?.includes(":"), before.includes(":")]).toEqual([address.includes(":"), address.includes(":")]);
      }
    }
  });

  it("lets exactly the vantage points behind a hidden box see a plain host", () => {
    const plain = (name: string) => {
      const views = truth.find(({ network }) => network === name)?.views ?? {};
      return Object.keys(views).filter((vantage) => views[vantage] === "plain");
    };
    expect(plain("strip-near-source")).toEqual(["sin"]);
    expect(plain("nop-near-source")).toEqual(["fra"]);
    expect(plain("strip-transit")).toEqual(["fra", "nyc"]);
    expect(plain("nop-transit")).toEqual(["fra", "nyc"]);
    expect(plain("strip-near-destination")).toEqual(["fra", "nyc", "sin"]);
  });

  it("has the first box alone where a path leads through two", () => {
    const conditions = (name: string, vantage: string) => {
      const { changes = [] } = truth.find(({ network }) => network === name) ?? {};
      return changes.flatMap((change) => (change.vantage === vantage ? [change.condition] : []));
    };
    const [removed, nop] = [["tcp.option.mptcp.removed"], ["tcp.option.mptcp.nop"]];
    const three = (name: string) => VANTAGE_POINTS.map((vantage) => conditions(name, vantage.name));
    expect(three("source-and-destination")).toEqual([nop, nop, removed]);
    expect(three("transit-and-destination")).toEqual([nop, nop, removed]);
  });

  it("has a change wherever a view differs from what the server itself says", () => {
    const own = { mptcp: "claims-v1", tcp: "plain", none: "rst", silent: "no-reply" } as const;
    for (const { network, views, changes } of truth) {
      const server = NETWORKS.find(({ name }) => name === network)?.server ?? "none";
      for (const { name } of VANTAGE_POINTS) {
        const changed = changes.some(({ vantage }) => vantage === name);
        if (views[name] !== own[server]) expect([network, name, changed]).toEqual([network, name, true]);
      }
    }
  });
});

describe("the lab's topology", () => {
  it("uses documentation and benchmarking addresses only", () => {
    const prefixes = LAB_PREFIXES.map(parsePrefix);
    for (const address of [...assigned, ...needles()]) {
      expect([address, prefixes.some((prefix) => prefixContains(prefix, parseAddress(address)))]).toEqual([
        address,
        true,
      ]);
    }
  });

  it("gives every interface a name of its own in its namespace, and the box namespace no address", () => {
    const names = topology.links.flatMap(({ a, b, box }) => [
      `${a.node} ${a.interface}`,
      `${b.node} ${b.interface}`,
      ...(box?.interfaces ?? []),
    ]);
    expect(new Set(names).size).toBe(names.length);
    expect(topology.links.some(({ a, b }) => a.node === "boxes" || b.node === "boxes")).toBe(false);
  });

  it("has two machines at each vantage point, one per port, on links that end in a host", () => {
    expect(topology.machines.map(({ name, labels }) => [name, labels.web])).toEqual(
      VANTAGE_POINTS.flatMap(({ name }) => [
        [`${name}-80`, "80"],
        [`${name}-443`, "443"],
      ]),
    );
  });

  it("hides sixteen different needles in the crowd", () => {
    expect(new Set(needles()).size).toBe(16);
  });

  it("leaves out the networks that are not asked for, and the crowd", () => {
    const small = createTopology(
      NETWORKS.filter(({ number }) => number === 9),
      false,
    );
    expect(small.nodes.filter((node) => /^(edge|host)-/.test(node))).toEqual(["edge-9", "host-9"]);
  });
});
