import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { createSimHash } from "../../../agent/sim/hash.js";
import { createScriptedWorld } from "../../../agent/sim/scripted.js";
import { scriptedWorldSchema } from "../../../agent/sim/scripted-spec.js";
import { buildJudgements } from "../../../coordinator/compare/build.js";
import { buildViews } from "../../../coordinator/compare/build-views.js";
import { unnamedBoxes, untrueDossiers } from "../../../coordinator/demo/dossiers.js";
import { readDossiers } from "../../../coordinator/dossier/read.js";
import { migrate, readMigrations } from "../../../coordinator/store/migrate.js";
import { hostAddresses, NETWORKS, PORTS, VANTAGE_POINTS } from "../../../deploy/lab/networks.js";
import { simulationOf } from "../../../deploy/lab/simulation.js";
import { createTopology } from "../../../deploy/lab/topology.js";
import { truthOf } from "../../../deploy/lab/truth.js";
import { parseAddress } from "../../../shared/address/address.js";
import { createSimKit } from "../../agent/sim/sim-kit.js";
import { insertFacts } from "../report/insert-rows.js";
import { startTestWarehouse, type TestWarehouse } from "../support/warehouse.js";

const CAMPAIGN = "lab";

let test: TestWarehouse;
beforeAll(async () => {
  test = await startTestWarehouse();
  await migrate(test.store, readMigrations("coordinator/store/sql"));
});
afterAll(() => test.stop());

it("dossiers name every box of the lab's networks and no other, of two on a path the one that works there", async () => {
  const topology = createTopology(NETWORKS, false);
  const world = createScriptedWorld(scriptedWorldSchema.parse(simulationOf(topology)), createSimHash(1));
  const addresses = NETWORKS.flatMap(hostAddresses).map(parseAddress);
  for (const { name: vantage } of VANTAGE_POINTS) {
    for (const port of PORTS) {
      const agent = `${vantage}-${port}`;
      const list = addresses.map((address) => ({ address, port }));
      const targets = { kind: "list", targets: list, from: 0, size: list.length } as const;
      const kit = () => createSimKit({ world, vantage: agent, targets, seed: 1 });
      await insertFacts(test.store, { campaign: CAMPAIGN, vantage, agent }, [
        ...(await kit().scan()),
        ...(await kit().trace()),
      ]);
    }
  }
  const everywhere = VANTAGE_POINTS.map(({ name }) => name);
  const variants = ["v0", "v1", "plain", "unknown-option"] as const;
  await buildViews(test.store, { campaign: CAMPAIGN, everywhere, variants });
  await buildJudgements(test.store, CAMPAIGN);
  const { dossiers } = await readDossiers(test.store, { campaign: CAMPAIGN, limit: 1_000_000 });
  const truths = truthOf(topology, NETWORKS);
  expect([unnamedBoxes(truths, dossiers), untrueDossiers(truths, dossiers)]).toEqual([[], []]);
}, 240_000);
