import type { Agent } from "node:https";
import { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { ClickHouseLogLevel, createClient } from "@clickhouse/client";
import type { BatchTable } from "../../shared/batch/tables.js";

/** Values of ClickHouse's `{name:Type}` parameters. */
export type Parameters = Readonly<Record<string, string | number | readonly string[] | readonly number[]>>;

export interface Store {
  command(sql: string, parameters?: Parameters): Promise<void>;
  /** Rows of a SELECT as objects, in order, without holding them all. */
  rows(sql: string, parameters?: Parameters): AsyncIterable<Readonly<Record<string, unknown>>>;
  /** Inserts objects whose keys are column names. */
  insertRows(table: string, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void>;
  /**
   * Inserts one Native block, given in pieces. `token` makes a second insert of the same block count once; with null it counts every
   * time, also one that is the same as an earlier one.
   */
  insertBlock(table: BatchTable | "target_lists", pieces: readonly Uint8Array[], token: string | null): Promise<void>;
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
  /** The user may not write, nor say how writing is done. */
  readonly readOnly?: boolean;
}

/** Longest a rollup of a large campaign may take. */
const REQUEST_TIMEOUT_MS = 3_600_000;

/** The tables, through ClickHouse's HTTP interface: embedded warehouse and ClickHouse server alike. */
export function createStore({ readOnly = false, ...options }: StoreOptions): Store {
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
      ...(readOnly ? {} : { mutations_sync: "1" }),
    },
  });

  async function* rows(sql: string, parameters: Parameters = {}): AsyncGenerator<Readonly<Record<string, unknown>>> {
    const result = await client.query({ query: sql, query_params: { ...parameters }, format: "JSONEachRow" });
    for await (const chunk of result.stream<Record<string, unknown>>()) for (const row of chunk) yield row.json();
  }

  return {
    rows,
    command: async (sql, parameters = {}) => {
      await client.command({ query: sql, query_params: { ...parameters } });
    },
    insertRows: async (table, values) => {
      await client.insert({ table, values: [...values], format: "JSONEachRow" });
    },
    insertBlock: async (table, pieces, token) => {
      const { stream } = await client.exec({
        query: `INSERT INTO ${table} FORMAT Native`,
        values: Readable.from(pieces, { objectMode: false }),
        // A column that the table does not have is an error, not something to leave out.
        clickhouse_settings: {
          ...(token === null ? { insert_deduplicate: 0 } : { insert_deduplication_token: token }),
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
    close: () => client.close(),
  };
}
