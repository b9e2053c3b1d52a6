import { describe, expect, it } from "@jest/globals";
import { createClusterRenderer } from "../../../../coordinator/store/cluster/render.js";
import { clusterLayout } from "../../../../coordinator/store/layout.js";

const FACTS =
  "CREATE TABLE IF NOT EXISTS facts (campaign String, a UInt8) ENGINE = ReplacingMergeTree ORDER BY (campaign, a) SETTINGS non_replicated_deduplication_window = 500, fsync_after_insert = 1";
const ENTRIES = "CREATE TABLE IF NOT EXISTS entries (id String) ENGINE = ReplacingMergeTree(id) ORDER BY id";
const WEEK = "replicated_deduplication_window_seconds = 604800";

/** What becomes of the last statement. */
function rendered(...statements: readonly string[]): readonly string[] {
  const render = createClusterRenderer(clusterLayout("lab", "db"));
  return statements.map(render).at(-1) ?? [];
}

describe("the cluster form", () => {
  it("of a table that is sorted by campaign is one on each node, and one over them that keeps a campaign together", () => {
    expect(rendered(FACTS)).toEqual([
      `CREATE TABLE IF NOT EXISTS db.facts_local ON CLUSTER 'lab' (campaign String, a UInt8) ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/lab/{shard}/db/facts_local', '{replica}') ORDER BY (campaign, a) SETTINGS ${WEEK}, replicated_deduplication_window = 500, fsync_after_insert = 1`,
      `CREATE TABLE IF NOT EXISTS db.facts ON CLUSTER 'lab' AS db.facts_local
ENGINE = Distributed('lab', 'db', 'facts_local', sipHash64(campaign))`,
    ]);
  });

  it("of any other table is the whole of it on every node, with a replica's name that no other shard has", () => {
    expect(rendered(ENTRIES)).toEqual([
      `CREATE TABLE IF NOT EXISTS db.entries ON CLUSTER 'lab' (id String) ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/lab/everywhere/db/entries', '{shard}-{replica}', id) ORDER BY id
SETTINGS ${WEEK}, replicated_deduplication_window = 10000`,
    ]);
  });

  it("of a new column is one in both tables", () => {
    expect(rendered(FACTS, "ALTER TABLE facts ADD COLUMN IF NOT EXISTS b UInt8 AFTER a")).toEqual([
      "ALTER TABLE db.facts_local ON CLUSTER 'lab' ADD COLUMN IF NOT EXISTS b UInt8 AFTER a",
      "ALTER TABLE db.facts ON CLUSTER 'lab' ADD COLUMN IF NOT EXISTS b UInt8 AFTER a",
    ]);
    expect(rendered(ENTRIES, "ALTER TABLE entries COMMENT COLUMN id 'FROM entries'")).toEqual([
      "ALTER TABLE db.entries ON CLUSTER 'lab' COMMENT COLUMN id 'FROM entries'",
    ]);
  });

  it("of a setting of the rows' storage is one of the nodes' tables, by its name there", () => {
    expect(rendered(FACTS, "ALTER TABLE facts MODIFY SETTING non_replicated_deduplication_window = 7")).toEqual([
      `ALTER TABLE db.facts_local ON CLUSTER 'lab' MODIFY SETTING ${WEEK}, replicated_deduplication_window = 7`,
    ]);
    expect(rendered(FACTS, "ALTER TABLE facts MODIFY TTL a + INTERVAL 1 DAY")).toHaveLength(1);
  });

  it("of a view's comment is one of the view", () => {
    const view = "CREATE VIEW IF NOT EXISTS seen AS SELECT a FROM facts";
    expect(rendered(FACTS, view, "ALTER TABLE seen COMMENT COLUMN a 'x'")).toEqual([
      "ALTER TABLE db.seen ON CLUSTER 'lab' COMMENT COLUMN a 'x'",
    ]);
  });

  it("of a view reads from all nodes", () => {
    const view = "CREATE OR REPLACE VIEW seen AS SELECT * FROM (SELECT a FROM facts FINAL) JOIN entries USING id";
    expect(rendered(FACTS, ENTRIES, view)).toEqual([
      "CREATE OR REPLACE VIEW db.seen ON CLUSTER 'lab' AS SELECT * FROM (SELECT a FROM db.facts FINAL) JOIN db.entries USING id",
    ]);
    expect(rendered(FACTS, ENTRIES, view, "CREATE VIEW IF NOT EXISTS again AS SELECT 'FROM seen' FROM seen")).toEqual([
      "CREATE VIEW IF NOT EXISTS db.again ON CLUSTER 'lab' AS SELECT 'FROM seen' FROM db.seen",
    ]);
  });

  it("of a materialized view goes on each node from its rows to its rows", () => {
    const target = FACTS.replace("facts", "copies");
    const view = "CREATE MATERIALIZED VIEW IF NOT EXISTS copy TO copies AS SELECT campaign, a FROM facts";
    expect(rendered(FACTS, target, view)).toEqual([
      "CREATE MATERIALIZED VIEW IF NOT EXISTS db.copy ON CLUSTER 'lab' TO db.copies_local AS SELECT campaign, a FROM db.facts_local",
    ]);
  });

  it("of rows that are made of rows goes through the tables over all nodes", () => {
    expect(rendered(FACTS, ENTRIES, "INSERT INTO facts (campaign) SELECT id FROM entries")).toEqual([
      "INSERT INTO db.facts (campaign) SELECT id FROM db.entries",
    ]);
  });

  it("of any other statement is an error of the one who wrote the migration", () => {
    expect(() => rendered("TRUNCATE TABLE facts")).toThrow("no form for clusters: TRUNCATE");
    expect(() => rendered("ALTER TABLE facts DROP COLUMN a")).toThrow("no migration made the table facts");
  });
});

describe("a cluster's name", () => {
  it.each(["a'b", "", "1st", "a b"])("cannot be %p", (name) => {
    expect(() => clusterLayout(name, "parallax")).toThrow(/--clickhouse-cluster .* is no name/);
  });
  it("goes with a database that has one as well", () => {
    expect(() => clusterLayout("lab", "a.b")).toThrow('--database "a.b" is no name');
  });
});
