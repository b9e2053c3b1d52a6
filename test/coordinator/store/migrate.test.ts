import { describe, expect, it } from "@jest/globals";
import { SINGLE_NODE } from "../../../coordinator/store/layout.js";
import { readMigrations, renderMigrations } from "../../../coordinator/store/migrate.js";

const MIGRATIONS = readMigrations("coordinator/store/sql");

/** As databases have them: a migration with another checksum is refused by all of these. */
const RELEASED: Readonly<Record<string, string>> = {
  "001_facts.sql": "82ae2cc84af899ad1ab4efb983ef819a46f0fad293ea76f6cf509fdb8beac1ea",
  "002_campaigns.sql": "119e1342f2573a967e49f0ef43449bc2dcda4f1865ae48c524eb327b58c21ed4",
  "003_rollups.sql": "ace347f4e8828965f3585af946e4775eabc474dae575dd14317e6772d8cb2ea2",
  "004_handshakes.sql": "2dbd144f777963cd4befe39dd60f5be6e7ad99ca10e1e258df08e4011e24eb58",
  "005_quote_evidence.sql": "39191b63f8865ce8c134d01e7f42a8cd4402a27081641c9ef4e89ddc4a22a37c",
  "006_skipped.sql": "299bb428fc2e4d51c991ea80fb510d1380f1f737fd2d43a617ebc80fc571acbc",
  "007_rules.sql": "517c086353622b22ee4b3ddb53bff2a4d3d9d2a92a0d3a00295fd4d36ba23572",
  "008_replays.sql": "a3e34068b65da6bd8e4fd9e0f91c23e18c87dec35f92175364d37be8f511a68c",
  "009_canaries.sql": "a9aec0263e14fda3d747ee5caf21a7d0f5f2c172fcb631e01a6f1017fceb2ab2",
  "010_optouts.sql": "5e1ddb0a4fd868f6a27f36e915bf8aba275203f116b4f7a2b602ac0d528d096f",
  "020_ledger.sql": "834c2d413d677bca80f9b93df17be2a1898bb4121b8a9d20fb49e5f966959f4a",
  "030_enrichment.sql": "a557803d5f88fc01b1bac243e6a47b6d0f2556aa6c9a35129bf578e2710a51ff",
  "031_vantages.sql": "5b9b6f2a198ec0e49efc86f1a9b14b3fd4fcdeba9673641d01cda17c0d96cae6",
  "040_patterns.sql": "7f3f75de8f7b58b496762defb3db0fdb7652e7ac55e68327dd779bad1507d8bf",
  "041_counts.sql": "a20dd0fb69ca81eebba1ca83eb66f62fac664cbf4dde7ab5b4e554f013513f85",
};

describe("migrations for one server", () => {
  it("are the statements of the files, byte by byte, with the checksums that databases have", () => {
    const rendered = renderMigrations(MIGRATIONS, SINGLE_NODE).slice(1);
    for (const [i, { name, checksum, statements }] of rendered.entries()) {
      const { sql } = MIGRATIONS[i] ?? { sql: "" };
      let rest = sql;
      for (const statement of statements) {
        const at = rest.indexOf(`${statement};`);
        // Between statements there are comments and empty lines, and nothing else.
        expect(
          rest
            .slice(0, at)
            .replaceAll(/^--.*$/gm, "")
            .trim(),
        ).toBe("");
        rest = rest.slice(at + statement.length + 1);
      }
      expect(rest.trim()).toBe("");
      if (name !== null && name in RELEASED) expect(checksum).toBe(RELEASED[name]);
    }
    expect(rendered.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(RELEASED)));
  });
});
