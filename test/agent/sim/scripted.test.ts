import { describe, expect, it } from "@jest/globals";
import { createSimHash } from "../../../agent/sim/hash.js";
import { createScriptedWorld } from "../../../agent/sim/scripted.js";
import { type ScriptedWorldText, scriptedWorldSchema } from "../../../agent/sim/scripted-spec.js";
import { walk } from "../../../agent/sim/walk.js";
import { formatAddress, parseAddress } from "../../../shared/address/address.js";
import { UserError } from "../../../shared/errors.js";
import { decodePacket } from "../../../shared/packet/decode.js";
import { encodeTcpPacket } from "../../../shared/packet/encode.js";
import { TCP_SYN } from "../../../shared/packet/tcp.js";

/** here - near - far - server, with a second link between the routers for 198.18.2.0/24. */
const SCRIPT: ScriptedWorldText = {
  nodes: [
    { name: "here" },
    { name: "near" },
    { name: "far", silent: true },
    {
      name: "server",
      owns: ["198.18.1.0/24", "198.18.2.0/24"],
      servers: [
        { server: "silent", addresses: ["198.18.1.9"] },
        { server: "mptcp", addresses: ["198.18.0.0/16"], ports: [80] },
      ],
    },
  ],
  links: [
    {
      ends: [
        { node: "here", addresses: ["192.0.2.0/31"] },
        { node: "near", addresses: ["192.0.2.1/31"] },
      ],
      delayUs: 100,
    },
    {
      ends: [
        { node: "near", addresses: ["192.0.2.2/31"] },
        { node: "far", addresses: ["192.0.2.3/31"] },
      ],
      delayUs: 1_000,
    },
    {
      ends: [
        { node: "near", addresses: ["192.0.2.4/31"] },
        { node: "far", addresses: ["192.0.2.5/31"] },
      ],
      box: [{ kind: "strip", options: [30], fill: "cut" }],
    },
    {
      ends: [
        { node: "far", addresses: ["192.0.2.6/31"] },
        { node: "server", addresses: ["192.0.2.7/31"] },
      ],
      delayUs: 10,
    },
  ],
  routes: [
    { node: "here", to: "0.0.0.0/0", via: "192.0.2.1" },
    { node: "near", to: "198.18.0.0/16", via: "192.0.2.3" },
    { node: "near", to: "198.18.2.0/24", via: "192.0.2.5" },
    { node: "near", to: "192.0.2.6/31", via: "192.0.2.3" },
    { node: "far", to: "198.18.0.0/16", via: "192.0.2.7" },
    { node: "far", to: "0.0.0.0/0", via: "192.0.2.2" },
    { node: "server", to: "0.0.0.0/0", via: "192.0.2.6" },
  ],
  vantages: [{ name: "here", node: "here" }],
};

function worldOf(script: ScriptedWorldText) {
  return createScriptedWorld(scriptedWorldSchema.parse(script), createSimHash(1));
}

function ask(to: string, ttl: number, options: readonly number[] = []) {
  const packet = encodeTcpPacket(
    { source: parseAddress("192.0.2.0"), destination: parseAddress(to), ttl },
    { sourcePort: 61_000, destinationPort: 80, sequence: 5, flags: TCP_SYN, options: Uint8Array.from(options) },
  );
  const heard: string[] = [];
  walk(worldOf(SCRIPT).attach("here").pathTo(parseAddress(to)), packet, (answer, afterUs) => {
    const { kind, ip } = decodePacket(answer);
    heard.push(`${kind} from ${formatAddress(ip.source)} after ${afterUs} us with TTL ${ip.ttl}`);
  });
  return heard;
}

describe("a scripted world", () => {
  it("counts TTLs down at its routers, and answers from the interface that leads back", () => {
    expect(ask("198.18.1.1", 1)).toEqual(["icmp-error from 192.0.2.1 after 200 us with TTL 64"]);
    expect(ask("198.18.1.1", 2)).toEqual([]);
    expect(ask("198.18.1.1", 3)).toEqual(["tcp from 198.18.1.1 after 2220 us with TTL 62"]);
  });

  it("has nobody at addresses that no node has, and silence where the script wants it", () => {
    expect(ask("198.18.7.1", 64)).toEqual([]);
    expect(ask("198.18.1.9", 64)).toEqual([]);
    expect(ask("203.0.113.1", 64)).toEqual([]);
  });

  it("sends a prefix over a link of its own, whose box sees no answers that come back another way", () => {
    const { truth } = worldOf(SCRIPT);
    expect(truth("here", parseAddress("198.18.1.1"), 80).view).toBe("claims-v1");
    expect(truth("here", parseAddress("198.18.2.1"), 80)).toMatchObject({ view: "plain", changes: [] });
    const path = worldOf(SCRIPT).attach("here").pathTo(parseAddress("198.18.2.1"));
    expect(
      path.elements.map((element) => (element.kind === "box" ? [element.forth, element.back] : element.kind)),
    ).toEqual(["router", [true, false], "router"]);
  });

  it.each([
    [{ vantages: [{ name: "here", node: "nowhere" }] }, /no node nowhere/],
    [{ routes: [...SCRIPT.routes, { node: "here", to: "198.18.9.0/24", via: "192.0.2.9" }] }, /leads to no neighbour/],
    [
      { routes: [...SCRIPT.routes, { node: "far", to: "198.18.1.0/24", via: "192.0.2.2" }] },
      /way back from near does not lead over far/,
    ],
    [
      { routes: SCRIPT.routes.map((route) => (route.node === "server" ? { ...route, to: "198.18.0.0/16" } : route)) },
      /way back from server does not lead over far/,
    ],
  ])("says what is wrong with a script that contradicts itself: %#", (change, message) => {
    const use = () =>
      worldOf({ ...SCRIPT, ...change })
        .attach("here")
        .pathTo(parseAddress("198.18.1.1"));
    expect(use).toThrow(UserError);
    expect(use).toThrow(message);
  });

  it("names its vantage points when another one is asked for", () => {
    expect(() => worldOf(SCRIPT).attach("there")).toThrow(/no vantage point there/);
  });

  it("refuses addresses, prefixes and behaviours that are none", () => {
    const issuesOf = (script: unknown) =>
      scriptedWorldSchema.safeParse(script).error?.issues.map(({ path }) => path.join("."));
    expect(issuesOf({ ...SCRIPT, routes: [{ node: "here", to: "198.18.0.1/16", via: "x" }] })).toEqual([
      "routes.0.to",
      "routes.0.via",
    ]);
    const [first, ...others] = SCRIPT.links;
    expect(issuesOf({ ...SCRIPT, links: [{ ...first, box: [{ kind: "melt" }] }, ...others] })).toEqual([
      "links.0.box.0.kind",
    ]);
  });
});
