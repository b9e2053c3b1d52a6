import { describe, expect, it } from "@jest/globals";
import { createSimHash } from "../../../agent/sim/hash.js";
import type { ServerKind } from "../../../agent/sim/path.js";
import { createScriptedWorld } from "../../../agent/sim/scripted.js";
import { type ScriptedWorldText, scriptedWorldSchema } from "../../../agent/sim/scripted-spec.js";
import { formatAddress, parseAddress } from "../../../shared/address/address.js";
import type { Behaviour } from "../../../shared/middlebox/behaviour.js";
import { createSimKit } from "./sim-kit.js";

const SERVERS: readonly ServerKind[] = ["mptcp", "mptcp-v0", "tcp", "closed", "silent"];
const ADDRESSES = SERVERS.flatMap((_, i) => [`198.18.0.${i + 1}`, `2001:db8::${i + 1}`]);

/** here - router - server, whose addresses have one kind of server each. */
function scriptOf(box: readonly Behaviour[]): ScriptedWorldText {
  const both = (n: number) => [`192.0.2.${n}/31`, `2001:2:0:${n < 2 ? 1 : 2}::${n}/64`];
  return {
    nodes: [
      { name: "here" },
      { name: "router" },
      {
        name: "server",
        owns: ["198.18.0.0/24", "2001:db8::/64"],
        servers: SERVERS.map((server, i) => ({
          server,
          addresses: [`198.18.0.${i + 1}`, `2001:db8::${i + 1}`],
          ports: [80],
        })),
      },
    ],
    links: [
      {
        ends: [
          { node: "here", addresses: both(0) },
          { node: "router", addresses: both(1) },
        ],
        ...(box.length === 0 ? {} : { box: [...box] }),
      },
      {
        ends: [
          { node: "router", addresses: both(2) },
          { node: "server", addresses: both(3) },
        ],
      },
    ],
    routes: [
      { node: "here", to: "0.0.0.0/0", via: "192.0.2.1" },
      { node: "here", to: "::/0", via: "2001:2:0:1::1" },
      { node: "router", to: "198.18.0.0/24", via: "192.0.2.3" },
      { node: "router", to: "2001:db8::/64", via: "2001:2:0:2::3" },
      { node: "server", to: "0.0.0.0/0", via: "192.0.2.2" },
      { node: "server", to: "::/0", via: "2001:2:0:2::2" },
    ],
    vantages: [{ name: "here", node: "here" }],
  };
}

async function verdicts(box: readonly Behaviour[] = []) {
  const world = createScriptedWorld(scriptedWorldSchema.parse(scriptOf(box)), createSimHash("handshakes"));
  const targets = ADDRESSES.map((address) => ({ address: parseAddress(address), port: 80 }));
  const kit = createSimKit({
    world,
    vantage: "here",
    targets: { kind: "list", size: targets.length, targets, from: 0 },
  });
  const rows = await kit.verify();
  const of = (address: string, variant: string) =>
    rows.find((row) => formatAddress(row.target) === address && row.variant === variant);
  return Object.fromEntries(
    ADDRESSES.map((address) => [
      address,
      (["v0", "v1"] as const).map((variant) => {
        const row = of(address, variant);
        return row === undefined ? "" : `${row.verdict} ${row.after}${row.joinProbe} ${row.join}`.trim();
      }),
    ]),
  );
}

describe("a handshake with a simulated server", () => {
  it("proves its own version of MPTCP, and none of a server of TCP", async () => {
    const found = await verdicts();
    for (const [i, expected] of [
      // An MP_JOIN gets MP_TCPRST in version 1, and a plain RST in version 0.
      ["fell-back", "dss-proved mp-tcprst join-rejected"],
      ["dss-proved  join-rejected", "fell-back rst"],
      ["fell-back", "fell-back syn-ack"],
      ["unconfirmed", "unconfirmed rst"],
      ["", ""],
    ].entries()) {
      for (const address of [`198.18.0.${i + 1}`, `2001:db8::${i + 1}`]) {
        expect({ address, verdicts: found[address] }).toEqual({ address, verdicts: expected });
      }
    }
  });

  it.each<[string, Behaviour]>([
    ["cuts the option out", { kind: "strip", when: {}, options: [30], fill: "cut" }],
    ["overwrites the option", { kind: "strip", when: {}, options: [30], fill: "nop" }],
    ["cuts it out of SYNs", { kind: "strip", when: { segment: "syn" }, options: [30], fill: "cut" }],
  ])("proves nothing through a box that %s", async (_name, box) => {
    const found = Object.values(await verdicts([box])).flat();
    expect(found.filter((text) => /dss-proved|join-reset/.test(text))).toEqual([]);
    expect(found.filter((text) => text.startsWith("fell-back"))).not.toEqual([]);
  });

  it("takes no echo of a server of TCP for proof", async () => {
    const found = await verdicts([{ kind: "echo", options: "mptcp" }]);
    for (const address of ["198.18.0.3", "2001:db8::3"]) {
      expect(found[address]).toEqual(["fell-back", expect.stringMatching(/^fell-back/)]);
    }
  });

  it("is known for MPTCP by its MP_TCPRST where a box takes the option out behind the SYN exchange", async () => {
    const found = await verdicts([{ kind: "strip", when: { segment: "data" }, options: [30], fill: "cut" }]);
    expect(found["198.18.0.1"]?.[1]).toBe("join-reset dss-strippedmp-tcprst");
    expect(found["198.18.0.3"]?.[1]).toBe("fell-back syn-ack");
  });
});
