import { describe, expect, it, jest } from "@jest/globals";
import { createSimHash } from "../../../agent/sim/hash.js";
import { createScriptedWorld } from "../../../agent/sim/scripted.js";
import { scriptedWorldSchema } from "../../../agent/sim/scripted-spec.js";
import { createSeededWorld } from "../../../agent/sim/seeded.js";
import { sharesSchema } from "../../../agent/sim/seeded-spec.js";
import { hostAddresses, NETWORKS } from "../../../deploy/lab/networks.js";
import { simulationOf } from "../../../deploy/lab/simulation.js";
import { createTopology } from "../../../deploy/lab/topology.js";
import { formatAddress, ipv4FromNumber, parseAddress } from "../../../shared/address/address.js";
import type { TargetSourceSpec } from "../../../shared/target/spec.js";
import { answersOf, changesOf } from "./findings.js";
import { createSimKit } from "./sim-kit.js";

/** Hundreds of targets in simulated time, next to whatever else the machine does. */
jest.setTimeout(60_000);

function listOf(addresses: readonly Uint8Array[]): Extract<TargetSourceSpec, { kind: "list" }> {
  return {
    kind: "list",
    targets: addresses.map((address) => ({ address, port: 80 })),
    from: 0,
    size: addresses.length,
  };
}

const lab = createScriptedWorld(
  scriptedWorldSchema.parse(simulationOf(createTopology(NETWORKS, false))),
  createSimHash(1),
);
const labTargets = listOf(NETWORKS.flatMap(hostAddresses).map(parseAddress));

describe.each(["fra-80", "nyc-80", "sin-80"])("the real engines in the simulated lab, from %s", (vantage) => {
  it("get from every host the answers that its truth says", async () => {
    const rows = await createSimKit({ world: lab, vantage, targets: labTargets }).scan();
    for (const [index, { address }] of labTargets.targets.entries()) {
      const { answers } = lab.truth(vantage, address, 80);
      expect([formatAddress(address), answersOf(rows, index)]).toEqual([formatAddress(address), answers]);
    }
  });

  it("find every change on every path, at the hops that its truth says, and no other", async () => {
    const rows = await createSimKit({ world: lab, vantage, targets: labTargets }).trace();
    for (const [index, { address }] of labTargets.targets.entries()) {
      const { answers, changes } = lab.truth(vantage, address, 80);
      expect([formatAddress(address), changesOf(rows, index, answers)]).toEqual([
        formatAddress(address),
        new Set(changes),
      ]);
    }
  });
});

/** Boxes everywhere, so that few hosts show all of them. */
const crowded = createSeededWorld(
  sharesSchema.parse({
    dark: 0.05,
    hosts: 0.7,
    open: 0.7,
    closed: 0.1,
    unreachable: 0.1,
    mptcp: 0.3,
    mptcpV0: 0.2,
    echoes: 0.2,
    headerBoxes: 0.3,
    optionBoxes: 0.2,
  }),
  createSimHash("crowded"),
);
const spread = listOf(
  Array.from({ length: 200 }, (_, i) =>
    i % 4 === 0
      ? parseAddress(`2001:${(i * 7 + 16).toString(16)}:${(i % 9).toString(16)}::${(i + 2).toString(16)}`)
      : ipv4FromNumber(0x0b00_0000 + i * 0x0031_0107),
  ),
);

describe.each(["fra", "nyc", "sin"])("the real engines in a seeded world full of boxes, from %s", (vantage) => {
  it("get from every host the answers that its truth says", async () => {
    const rows = await createSimKit({ world: crowded, vantage, targets: spread }).scan();
    for (const [index, { address }] of spread.targets.entries()) {
      const { answers } = crowded.truth(vantage, address, 80);
      expect([formatAddress(address), answersOf(rows, index)]).toEqual([formatAddress(address), answers]);
    }
  });

  it("find every change on every path, at the hops that its truth says, and no other", async () => {
    const rows = await createSimKit({ world: crowded, vantage, targets: spread }).trace();
    for (const [index, { address }] of spread.targets.entries()) {
      const { answers, changes } = crowded.truth(vantage, address, 80);
      expect([formatAddress(address), changesOf(rows, index, answers)]).toEqual([
        formatAddress(address),
        new Set(changes),
      ]);
    }
  });
});
