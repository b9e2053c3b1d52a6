import { isWord, type SqlToken, tokenize } from "../../warehouse/sql.js";
import { type Cluster, localName } from "../layout.js";
import { type Edit, keywordIndex, nameIndex, startsWith, withEdits } from "./sql-edits.js";

/** Turns one statement of the migrations, in their order, into those that make the same of a cluster. */
export type Renderer = (statement: string) => readonly string[];

/**
 * `sharded`: each campaign on one shard, in a local table behind a Distributed one. `everywhere`: small, and all of it on
 * every node.
 */
type Placement = "sharded" | "everywhere";

const WINDOW_INSERTS = 10_000;
/** A week, as it was before ClickHouse 25.10 made an hour of it: a batch may be sent again after days without a link. */
const WINDOW_SECONDS = 604_800;
/** All rows of a campaign on one shard, so of a batch and of a target too. */
const SHARDING_KEY = "sipHash64(campaign)";
/** What `ALTER TABLE` changes of the rows' storage, which a Distributed table has none of. */
const OF_STORAGE = ["SETTING", "TTL", "ORDER"];

/**
 * The cluster form of the migrations; why: docs/adr/030-clusters.md. A table whose sorting key begins with the campaign is
 * sharded by it: rows that replace each other have equal keys, so they meet on one shard. Every other table is everywhere.
 * Names are written with their database, as other nodes know no current one.
 *
 * The renderer remembers the tables that were made: it takes the statements of all migrations, from the first on.
 */
export function createClusterRenderer({ name: cluster, database }: Cluster): Renderer {
  const placements = new Map<string, Placement>();
  const views = new Set<string>();
  const qualified = (name: string) => `${database}.${name}`;
  const on = `ON CLUSTER '${cluster}'`;

  const placementOf = (table: string): Placement => {
    const placement = placements.get(table);
    if (placement === undefined) throw new Error(`no migration made the table ${table}`);
    return placement;
  };
  /** Table that holds the rows on each node. */
  const storage = (table: string) => qualified(placementOf(table) === "sharded" ? localName(table) : table);

  const createTable = (sql: string, tokens: readonly SqlToken[]): string[] => {
    const name = at(tokens, nameIndex(tokens, 2));
    const placement = sortedByCampaign(tokens) ? "sharded" : "everywhere";
    placements.set(name.text, placement);
    const made = withEdits(sql, [
      replace(name, `${storage(name.text)} ${on}`),
      replicatedEngine(tokens, placement, `${cluster}/{shard}`, `${cluster}/everywhere`, storage(name.text)),
      ...windows(sql, tokens),
    ]);
    if (placement === "everywhere") return [made];
    return [
      made,
      `CREATE TABLE IF NOT EXISTS ${qualified(name.text)} ${on} AS ${storage(name.text)}
ENGINE = Distributed('${cluster}', '${database}', '${localName(name.text)}', ${SHARDING_KEY})`,
    ];
  };

  const alterTable = (sql: string, tokens: readonly SqlToken[]): string[] => {
    const name = at(tokens, 2);
    const alter = (table: string) =>
      withEdits(sql, [replace(name, `${table} ${on}`), ...settingNames(tokens, WINDOW_SETTING)]);
    if (views.has(name.text)) return [alter(qualified(name.text))];
    const ofStorage = OF_STORAGE.some((word) => isWord(tokens[4], word));
    return placementOf(name.text) === "everywhere" || ofStorage
      ? [alter(storage(name.text))]
      : [alter(storage(name.text)), alter(qualified(name.text))];
  };

  const createView = (sql: string, tokens: readonly SqlToken[]): string[] => {
    const name = at(tokens, nameIndex(tokens, keywordIndex(tokens, "VIEW") + 1));
    views.add(name.text);
    return [withEdits(sql, [replace(name, `${qualified(name.text)} ${on}`), ...namesRead(tokens, qualified)])];
  };

  /** Runs on each shard, from local rows to local rows: both tables have their campaigns in the same place. */
  const createMaterializedView = (sql: string, tokens: readonly SqlToken[]): string[] => {
    const name = at(tokens, nameIndex(tokens, 3));
    const target = at(tokens, keywordIndex(tokens, "TO") + 1);
    return [
      withEdits(sql, [
        replace(name, `${qualified(name.text)} ${on}`),
        replace(target, storage(target.text)),
        ...namesRead(tokens, storage),
      ]),
    ];
  };

  const namesRead = (tokens: readonly SqlToken[], rendered: (name: string) => string): Edit[] =>
    tokens.flatMap((token, i) => {
      const before = tokens[i - 1];
      const isSource = isWord(before, "FROM") || isWord(before, "JOIN") || isWord(before, "INTO");
      const known = placements.has(token.text) || views.has(token.text);
      return isSource && known ? [replace(token, rendered(token.text))] : [];
    });

  return (statement) => {
    const tokens = tokenize(statement);
    if (startsWith(tokens, "CREATE", "TABLE")) return createTable(statement, tokens);
    if (startsWith(tokens, "ALTER", "TABLE")) return alterTable(statement, tokens);
    if (startsWith(tokens, "CREATE", "MATERIALIZED", "VIEW")) return createMaterializedView(statement, tokens);
    if (startsWith(tokens, "CREATE", "VIEW") || startsWith(tokens, "CREATE", "OR", "REPLACE", "VIEW")) {
      return createView(statement, tokens);
    }
    if (startsWith(tokens, "INSERT", "INTO")) return [withEdits(statement, namesRead(tokens, qualified))];
    throw new Error(`a migration has no form for clusters: ${statement.slice(0, 80)}`);
  };
}

const WINDOW_SETTING = "non_replicated_deduplication_window";

function sortedByCampaign(tokens: readonly SqlToken[]): boolean {
  const order = keywordIndex(tokens, "ORDER");
  const first = tokens[order + 2];
  return (first?.text === "(" ? tokens[order + 3] : first)?.text === "campaign";
}

/** `ReplacingMergeTree(x)` becomes `ReplicatedReplacingMergeTree(path, replica, x)`. */
function replicatedEngine(
  tokens: readonly SqlToken[],
  placement: Placement,
  shardPath: string,
  commonPath: string,
  table: string,
): Edit {
  const engine = keywordIndex(tokens, "ENGINE") + 2;
  const open = tokens[engine + 1]?.text === "(";
  const path = placement === "sharded" ? shardPath : commonPath;
  const replica = placement === "sharded" ? "{replica}" : "{shard}-{replica}";
  const head = `Replicated${at(tokens, engine).text}('/clickhouse/tables/${path}/${table.replace(".", "/")}', '${replica}'`;
  const { start } = at(tokens, engine);
  return open
    ? { start, end: at(tokens, engine + 1).end, text: `${head}, ` }
    : { start, end: at(tokens, engine).end, text: `${head})` };
}

/** Every table gets a window, also those whose rows come without a token, for the views that fill it. */
function windows(sql: string, tokens: readonly SqlToken[]): Edit[] {
  const named = settingNames(tokens, WINDOW_SETTING);
  if (named.length > 0) return named;
  const settings = keywordIndex(tokens, "SETTINGS");
  const separator = settings < 0 ? "\nSETTINGS " : ", ";
  const text = `${separator}${SECONDS}, replicated_deduplication_window = ${WINDOW_INSERTS}`;
  return [{ start: sql.length, end: sql.length, text }];
}

const SECONDS = `replicated_deduplication_window_seconds = ${WINDOW_SECONDS}`;

/** The window's setting has another name for replicated tables, and one beside it. */
function settingNames(tokens: readonly SqlToken[], name: string): Edit[] {
  return tokens.flatMap((token) =>
    token.text === name ? [replace(token, `${SECONDS}, replicated_deduplication_window`)] : [],
  );
}

function replace({ start, end }: SqlToken, text: string): Edit {
  return { start, end, text };
}

function at(tokens: readonly SqlToken[], index: number): SqlToken {
  const token = tokens[index];
  if (token === undefined) throw new Error(`a migration ends too early behind ${tokens.at(-1)?.text}`);
  return token;
}
