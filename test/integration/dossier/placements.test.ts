import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { migrate, readMigrations } from "../../../coordinator/store/migrate.js";
import { EXPECTED, SITES } from "../../agent/sim/placed-paths.js";
import { startTestWarehouse, type TestWarehouse } from "../support/warehouse.js";
import { findPlacedBoxes } from "./placed.js";

const PROOF_TIMEOUT_MS = 240_000;
const LOSS = 0.05;

let test: TestWarehouse;
beforeEach(async () => {
  test = await startTestWarehouse();
  await migrate(test.store, readMigrations("coordinator/store/sql"));
});
afterEach(() => test.stop());

describe("boxes near the source, in transit, near the destination, and two on one path, from 8 vantage points", () => {
  it(
    "are placed right and named once by the dossiers where no packet is lost",
    async () => {
      const { placed, paths, ascribed, unnamed, untrue } = await findPlacedBoxes(test.store, { count: 192, loss: 0 });
      expect(placed.filter(({ site, placement }) => placement !== EXPECTED[site])).toEqual([]);
      expect(new Set(placed.map(({ site }) => site))).toEqual(new Set(SITES));
      expect([unnamed, untrue]).toEqual([[], []]);
      expect(ascribed).toBe(paths);
    },
    PROOF_TIMEOUT_MS,
  );

  it(
    "are placed right or said to be uncertain, and named, where 5 % of the packets are lost each way",
    async () => {
      const count = 600;
      const { placed, paths, ascribed, unnamed, untrue } = await findPlacedBoxes(test.store, { count, loss: LOSS });
      const wrong = placed.filter(({ site, placement }) => placement !== EXPECTED[site] && placement !== "uncertain");
      const right = placed.filter(({ site, placement }) => placement === EXPECTED[site]);
      expect(wrong).toEqual([]);
      expect(right.length).toBeGreaterThanOrEqual(0.99 * count);
      expect([unnamed, untrue]).toEqual([[], []]);
      expect(ascribed).toBe(paths);
    },
    PROOF_TIMEOUT_MS,
  );
});
