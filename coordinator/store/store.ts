import { randomUUID } from "node:crypto";
import type { Agent } from "node:https";
import { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { ClickHouseLogLevel, createClient } from "@clickhouse/client";
import type { BatchTable } from "../../shared/batch/tables.js";
import { inDatabase, type Layout, localName, onCluster, SINGLE_NODE, settingsOf } from "./layout.js";

/** Values of ClickHouse's `{name:Type}` parameters. */
export type Parameters = Readonly<Record<string, string | number | readonly string[] | readonly number[]>>;

export interface Store {
  readonly layout: Layout;
  command(sql: string, parameters?: Parameters): Promise<void>;
  /** Rows of a SELECT as objects, in order, without holding them all. */
  rows(sql: string, parameters?: Parameters): AsyncIterable<Readonly<Record<string, unknown>>>;
  /** Inserts objects whose keys are column names. Equal rows count as often as they are inserted. */
  insertRows(table: string, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void>;
  /**
   * Inserts one Native block, given in pieces. `token` makes a second insert of the same block count once; with null it counts every
   * time, also one that is the same as an earlier one.
   */
  insertBlock(table: BatchTable | "target_lists", pieces: readonly Uint8Array[], token: string | null): Promise<void>;
  /** Deletes rows of a table that is sorted by campaign; they are gone when it resolves. */
  removeRows(table: string, where: string, parameters: Parameters): Promise<void>;
  /**
   * Resolves when a table that every node of a cluster has holds, here or on all nodes, what was acknowledged to others
   * before. On one server there is nothing to wait for.
   */
  catchUp(table: string, where?: "here" | "everywhere"): Promise<void>;
  close(): Promise<void>;
}

export interface StoreOptions {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly database: string;
  /** What the interface lies behind; nothing by default. */
  readonly pathname?: string;
  /** Connects in place of Node's own; it must fit the URL. */
  readonly agent?: Agent | undefined;
  /** One server by default. */
  readonly layout?: Layout;
  /** The user may not write, nor say how writing is done. */
  readonly readOnly?: boolean;
}

/** Longest a rollup of a large campaign may take. */
const REQUEST_TIMEOUT_MS = 3_600_000;

/** The tables, through ClickHouse's HTTP interface: embedded warehouse and ClickHouse server alike. */
export function createStore({ readOnly = false, layout = SINGLE_NODE, ...options }: StoreOptions): Store {
  const { url, pathname, agent, username, password, database } = options;
  const client = createClient({
    url,
    ...(pathname !== undefined && { pathname }),
    ...(agent && { http_agent: agent }),
    username,
    password,
    database,
    request_timeout: REQUEST_TIMEOUT_MS,
    compression: { request: false, response: false },
    keep_alive: { enabled: false },
    log: { level: ClickHouseLogLevel.OFF },
    clickhouse_settings: {
      output_format_json_quote_64bit_integers: 0,
      // Of INSERT … SELECT; what it inserts may come in several blocks, for which one token would stand.
      ...(readOnly ? {} : { insert_deduplicate: 0, ...settingsOf(layout) }),
    },
  });

  async function* rows(sql: string, parameters: Parameters = {}): AsyncGenerator<Readonly<Record<string, unknown>>> {
    const result = await client.query({ query: sql, query_params: { ...parameters }, format: "JSONEachRow" });
    for await (const chunk of result.stream<Record<string, unknown>>()) for (const row of chunk) yield row.json();
  }

  const command = async (sql: string, parameters: Parameters = {}): Promise<void> => {
    await client.command({ query: sql, query_params: { ...parameters } });
  };

  return {
    layout,
    rows,
    command,
    insertRows: async (table, values) => {
      await client.insert({ table, values: [...values], format: "JSONEachRow", clickhouse_settings: neverARepeat() });
    },
    insertBlock: async (table, pieces, token) => {
      const { stream } = await client.exec({
        query: `INSERT INTO ${table} FORMAT Native`,
        values: Readable.from(pieces, { objectMode: false }),
        // A column that the table does not have is an error, not something to leave out.
        clickhouse_settings: {
          ...(token === null
            ? neverARepeat()
            : {
                insert_deduplicate: 1,
                insert_deduplication_token: token,
                deduplicate_blocks_in_dependent_materialized_views: 1,
              }),
          async_insert: 0,
          // Rows of a batch differ in their number, so there is nothing to replace within a block; looking for it costs
          // as much as the rest of the insert.
          optimize_on_insert: 0,
          input_format_skip_unknown_fields: 0,
        },
      });
      // The result is empty, but the connection is free only at its end.
      stream.resume();
      await finished(stream);
    },
    removeRows: (table, where, parameters) => {
      const rows = layout.kind === "single" ? table : inDatabase(layout) + localName(table);
      return command(`DELETE FROM ${rows}${onCluster(layout)} WHERE ${where}`, parameters);
    },
    catchUp: async (table, where = "here") => {
      if (layout.kind === "single") return;
      await command(`SYSTEM SYNC REPLICA${where === "here" ? "" : onCluster(layout)} ${inDatabase(layout)}${table}`);
    },
    close: () => client.close(),
  };
}

/**
 * Rows that were deleted may come again, the same as before, and the engine would take them for a repeat: not with a token
 * of their own. (For rows that are sent, not every version obeys `insert_deduplicate = 0`.)
 */
function neverARepeat() {
  return { insert_deduplication_token: randomUUID() };
}
